package dhcp6

import (
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// FuzzOffered reads answers to a probe: whatever comes, nothing but an address
// comes of it.
func FuzzOffered(f *testing.F) {
	ask := &dhcpv6.Message{TransactionID: dhcpv6.TransactionID{1, 2, 3}}
	answer := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeAdvertise, TransactionID: ask.TransactionID}
	f.Add(answer.ToBytes())
	addr := netip.MustParseAddr("fd77::50")
	ia := &dhcpv6.OptIANA{}
	ia.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: addr.AsSlice()})
	answer.AddOption(ia)
	if got := offered(answer.ToBytes(), ask); got != addr {
		f.Fatalf("the address is %s, want %s", got, addr)
	}
	f.Add(answer.ToBytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if a := offered(b, ask); a.IsValid() && (len(b) < 4+4+12+4+16 || b[0] != byte(dhcpv6.MessageTypeAdvertise)) {
			t.Errorf("%x offers %s", b, a)
		}
	})
}
