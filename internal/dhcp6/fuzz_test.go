package dhcp6_test

import (
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
)

// FuzzRequest reads whatever comes, and answers it in both ways: nothing may
// panic, and what is sent can be read again.
func FuzzRequest(f *testing.F) {
	for _, s := range captured(f) {
		f.Add(s.payload, s.port)
		f.Add(forward(1, "fd77::1", "fe80::2", forward(0, "::", "fe80::2", s.payload)), s.port)
	}
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		m, relays, err := dhcp6.Parse(b)
		if err != nil {
			return
		}
		p := heard(m)
		p.Relays, p.Port = relays, port
		r := dhcp6.Read(p)
		_ = r.IsBoot()
		if reply, err := dhcp6.Offer(p, serverID, bootFor(r)); err == nil {
			rereads(t, p, reply)
		}
		s := newServer(t, dhcp6.ServerConfig{Authoritative: true, Reserved: func(dhcp6.Request) netip.Addr {
			return netip.MustParseAddr("fd77::42")
		}}, small())
		reply, _ := s.Handle(noon, p)
		if reply == nil {
			return
		}
		_ = dhcp6.Apply(reply, r, bootFor(r))
		rereads(t, p, reply)
	})
}

// rereads decodes our own reply with the codec, through its relays.
func rereads(t *testing.T, p dhcp6.Packet, reply *dhcpv6.Message) {
	d, err := dhcpv6.FromBytes(dhcp6.Marshal(p, reply))
	if err != nil {
		t.Fatalf("our own reply: %v", err)
	}
	if _, err := d.GetInnerMessage(); err != nil {
		t.Fatalf("our own reply: %v", err)
	}
}
