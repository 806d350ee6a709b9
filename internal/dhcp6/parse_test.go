package dhcp6_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
)

// forward puts a relay's header and options around a message.
func forward(hops byte, link, peer string, inner []byte, options ...byte) []byte {
	b := append([]byte{12, hops}, netip.MustParseAddr(link).AsSlice()...)
	b = append(b, netip.MustParseAddr(peer).AsSlice()...)
	b = append(b, options...)
	return append(append(b, 0, 9, byte(len(inner)>>8), byte(len(inner))), inner...)
}

// TestRelayed takes off what two relays put around a request, and puts around
// the reply what each needs: byte for byte.
func TestRelayed(t *testing.T) {
	solicit := message(dhcpv6.MessageTypeSolicit, 1).ToBytes()
	near := forward(0, "fd78::1", "fe80::2", solicit,
		0, 18, 0, 3, 'e', 't', 'h', // interface-id
		0, 79, 0, 8, 0, 1, 0x52, 0x54, 0, 0x77, 0, 1) // client link-layer address
	far := forward(1, "::", "fd78::1", near, 0, 135, 0, 2, 0, 0)
	m, relays, err := dhcp6.Parse(far)
	if err != nil {
		t.Fatal(err)
	}
	p := heard(m)
	p.Relays, p.From = relays, netip.MustParseAddrPort("[fd79::9]:1547")
	if len(relays) != 2 || p.Link() != netip.MustParseAddr("fd78::1") || p.Client() != netip.MustParseAddr("fe80::2") {
		t.Fatalf("read as %+v", relays)
	}
	if mac := dhcp6.Read(p).MAC; mac.String() != card.String() {
		t.Errorf("the card is %s", mac)
	}
	// The far relay listens where it sent from (RFC 8357).
	if to := dhcp6.Destination(p); to != p.From {
		t.Errorf("the reply goes to %s", to)
	}

	reply := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeAdvertise, TransactionID: m.TransactionID}
	want := forward(0, "fd78::1", "fe80::2", reply.ToBytes(), 0, 18, 0, 3, 'e', 't', 'h')
	want[0] = 13
	want = forward(1, "::", "fd78::1", want, 0, 135, 0, 2, 0, 0)
	want[0] = 13
	if got := dhcp6.Marshal(p, reply); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

// TestDestination: clients listen on 546, relays on 547, and who asks on port
// 4011 there.
func TestDestination(t *testing.T) {
	from := netip.MustParseAddrPort("[fe80::2]:5000")
	p := dhcp6.Packet{Port: dhcp6.ServerPort, From: from}
	relayed := dhcp6.Packet{Port: dhcp6.ServerPort, From: from, Relays: make([]dhcp6.Relay, 1)}
	boot := dhcp6.Packet{Port: dhcp6.BootPort, From: from}
	for want, p := range map[uint16]dhcp6.Packet{546: p, 547: relayed, 5000: boot} {
		if to := dhcp6.Destination(p); to.Port() != want || to.Addr() != from.Addr() {
			t.Errorf("to %s, want port %d", to, want)
		}
	}
}

func TestMalformed(t *testing.T) {
	solicit := message(dhcpv6.MessageTypeSolicit, 1).ToBytes()
	deep := solicit
	for hops := range byte(9) {
		deep = forward(hops, "::", "fe80::2", deep)
	}
	if _, relays, err := dhcp6.Parse(deep); err != nil || len(relays) != 9 {
		t.Errorf("nine relays: %d, %v", len(relays), err)
	}
	long := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeSolicit}
	long.AddOption(dhcpv6.OptClientID(&dhcpv6.DUIDOpaque{Type: 9, Data: make([]byte, 129)}))
	for what, b := range map[string][]byte{
		"nothing":                 {},
		"half a header":           {1, 0},
		"an ADVERTISE":            message(dhcpv6.MessageTypeAdvertise, 1).ToBytes(),
		"no client identifier":    {1, 0, 0, 0},
		"a DUID too long":         long.ToBytes(),
		"ten relays":              forward(9, "::", "fe80::2", deep),
		"half a relay":            deep[:30],
		"a relay without message": forward(0, "::", "fe80::2", nil)[:34],
		"a relay's empty message": forward(0, "::", "fe80::2", nil),
		"more than a jumbo frame": make([]byte, 9217),
	} {
		if _, _, err := dhcp6.Parse(b); !errors.Is(err, dhcp6.ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestForgiving reads a message in which options have faults: those are left
// out, and what the end cuts off.
func TestForgiving(t *testing.T) {
	b := message(dhcpv6.MessageTypeSolicit, 1).ToBytes()
	b = append(b, 0, 15, 0, 1, 9)             // a user class that ends before its text
	b = append(b, 0, 9, 0, 2, 12, 0)          // a relay's message
	b = append(b, 0, 61, 0, 2, 0, 16)         // an architecture
	b = append(b, 0, 16, 0xff, 0xff, 0, 0, 1) // a class that the end cuts off
	m, _, err := dhcp6.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	r := dhcp6.Read(heard(m))
	if len(r.Archs) != 1 || r.Archs[0] != 16 || len(r.UserClass) != 0 || r.Class != "" {
		t.Errorf("read as %+v", r)
	}
}

func TestErrorsName(t *testing.T) {
	_, _, err := dhcp6.Parse(message(dhcpv6.MessageTypeReply, 1).ToBytes())
	if err == nil || !strings.Contains(err.Error(), "REPLY") {
		t.Error(err)
	}
}
