package dhcp6

import (
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// UDP ports of RFC 8415 section 7.2, and the one where edk2 asks a second
// server for its boot file.
const (
	ServerPort = 547
	ClientPort = 546
	BootPort   = 4011
)

// Packet is one request as it came in.
type Packet struct {
	// Message is the client's own, without what relays put around it.
	Message *dhcpv6.Message
	// Raw is the packet as it came.
	Raw []byte
	// Relays are those that it came by: the one that sent it to us first, the
	// one that heard the client last.
	Relays    []Relay
	Interface Interface
	// Port is the UDP port that it was sent to: [ServerPort] or [BootPort].
	Port uint16
	// From is the sender's address and port: the client's, or the first relay's.
	From netip.AddrPort
	// To is where the packet was sent: an address of ours, or a group.
	To netip.Addr
	// Card is the hardware address that the client asked from, where this packet
	// or an earlier one shows it; see [Request].
	Card net.HardwareAddr
	// Sender is the machine on our wire that has the address which the packet came from,
	// where this host knows it; nil for a link-local address that was made of a hardware
	// address, behind a relay, and where nobody knows.
	Sender net.HardwareAddr
	// Server is the address of ours by which this client should reach us. It is
	// the zero value where we have none but link-local ones, which no URL of a
	// boot file can name.
	Server netip.Addr
	// Time is when it came in.
	Time time.Time
}

// Link is an address of the client's network, if its relays tell: of those that
// say something, the one next to the client counts (RFC 8415 section 13.1).
// It is the zero value for a client on the wire.
func (p Packet) Link() netip.Addr {
	for i := len(p.Relays) - 1; i >= 0; i-- {
		if a := p.Relays[i].Link; !a.IsUnspecified() && !a.IsLinkLocalUnicast() {
			return a
		}
	}
	return netip.Addr{}
}

// Client is the address that the client itself sent from, which is its
// link-local one in general.
func (p Packet) Client() netip.Addr {
	if n := len(p.Relays); n > 0 {
		return p.Relays[n-1].Peer
	}
	return p.From.Addr()
}

// Relay is the address of the relay that sent the packet to us, or the zero
// value.
func (p Packet) Relay() netip.Addr {
	if len(p.Relays) == 0 {
		return netip.Addr{}
	}
	return p.From.Addr()
}

// Destination says where the reply to a packet goes (RFC 8415 sections 7.2 and
// 19.3): clients listen on port 546, relays on 547, or on the port that they
// sent from if they say so (RFC 8357). Who asks on port 4011 listens where it
// asked from.
func Destination(p Packet) netip.AddrPort {
	switch {
	case p.Port == BootPort:
		return p.From
	case len(p.Relays) == 0:
		return netip.AddrPortFrom(p.From.Addr(), ClientPort)
	case p.Relays[0].SourcePort != nil:
		return p.From
	}
	return netip.AddrPortFrom(p.From.Addr(), ServerPort)
}
