package dhcp6

import (
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// askedFrom is a packet of one client, whatever address it came from.
func askedFrom(addr string, sender net.HardwareAddr) Packet {
	m := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeRequest}
	m.AddOption(dhcpv6.OptClientID(&dhcpv6.DUIDUUID{UUID: [16]byte{1}}))
	return Packet{Message: m, From: netip.AddrPortFrom(netip.MustParseAddr(addr), ClientPort), Sender: sender}
}

// Who sends a client's identifier from a card of its own takes none of the client's
// requests, as far as this host knows who has the address that they come from.
func TestForgedDUID(t *testing.T) {
	own, forged := net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1}, net.HardwareAddr{2, 0x66, 0, 0, 0, 9}
	var c cards
	for _, addr := range []string{"fe80::5054:ff:fe00:1", "fe80::66:ff:fe00:9"} {
		c.of(askedFrom(addr, nil))
	}
	for name, tt := range map[string]struct{ sender, want net.HardwareAddr }{
		"its own":      {own, own},
		"the other's":  {forged, forged},
		"behind a box": {net.HardwareAddr{2, 1, 1, 1, 1, 1}, forged},
		"nobody knows": {nil, forged},
	} {
		if got := c.of(askedFrom("2001:db8::5", tt.sender)); got.String() != tt.want.String() {
			t.Errorf("%s: %s", name, got)
		}
	}
	for n := range byte(10) { // it has more cards than are remembered
		c.of(askedFrom("fe80::5054:ff:fe00:10"+string('0'+n), nil))
	}
	if got := len(c.byDUID); got != 1 || len(c.byDUID[string(askedFrom("::1", nil).Message.Options.ClientID().ToBytes())]) != cardsOfOne {
		t.Errorf("of %d clients too many cards are remembered: %v", got, c.byDUID)
	}
}
