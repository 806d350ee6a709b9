package tftp

import (
	"net/netip"
	"testing"
)

// A share is that of an IPv4 address, or of an IPv6 network; on a wire with
// nothing but link-local addresses each machine has its own.
func TestPeerOf(t *testing.T) {
	of := func(address string) netip.Addr {
		return peerOf(&transfer{request: &Request{Remote: netip.MustParseAddrPort(address)}})
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"10.0.0.1:1", "10.0.0.1:2", true},
		{"10.0.0.1:1", "10.0.0.2:1", false},
		{"[2001:db8::1]:1", "[2001:db8::ffff:2]:1", true},
		{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth0]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::1%eth0]:2", true},
	} {
		if (of(c.a) == of(c.b)) != c.same {
			t.Errorf("%s and %s count for %v and %v", c.a, c.b, of(c.a), of(c.b))
		}
	}
}
