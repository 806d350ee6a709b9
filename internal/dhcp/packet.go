package dhcp

import (
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// UDP ports of RFC 2131 section 4.1 and PXE 2.1 section 2.2.3.
const (
	ServerPort = 67
	ClientPort = 68
	// BootPort is where PXE clients ask for a boot file once they have an
	// address.
	BootPort = 4011
)

// Packet is one request as it came in.
type Packet struct {
	Message *dhcpv4.DHCPv4
	// Raw is the message as it came, with all that is wrong with it.
	Raw       []byte
	Interface Interface
	// Port is the UDP port that the client sent to: [ServerPort] or [BootPort].
	Port uint16
	// From is the sender's address and port: 0.0.0.0 for a client without an
	// address, the relay's for a relayed request.
	From netip.AddrPort
	// FromMAC is the frame's source: the client, or the last router.
	FromMAC net.HardwareAddr
	// To is where the packet was sent: an address of ours, or a broadcast.
	To netip.Addr
	// Server is the address of ours by which this client should reach us.
	Server netip.Addr
	// Settled tells that Server stays, whatever address the client has or gets:
	// it asked there, or the operator or its relay decides.
	Settled bool
	// ReplyTo is where the reply goes, for a protocol in DHCP's messages that says so
	// itself; the zero value for where DHCP's replies go.
	ReplyTo netip.AddrPort
	// Time is when it came in.
	Time time.Time

	// guessed tells that nothing is known of the client's network, and that
	// there is more than one.
	guessed bool
}

// ServerFor is the address of ours by which the client should reach us once it
// has an address.
func (p Packet) ServerFor(client netip.Addr) netip.Addr {
	if p.Settled || !client.IsValid() {
		return p.Server
	}
	return p.Interface.ServerFor(client)
}

// Overheard is what another server sent to a client: an OFFER, an ACK or a NAK.
type Overheard struct {
	Message   *dhcpv4.DHCPv4
	Raw       []byte // the message as it came
	Interface Interface
	// From is the address and port that it was sent from: the server's, or a
	// relay's.
	From netip.AddrPort
	// FromMAC is the frame's source.
	FromMAC net.HardwareAddr
	// Time is when it came in.
	Time time.Time
}

// Server is the server's identifier (option 54), else the address that the
// packet was sent from.
func (o Overheard) Server() netip.Addr {
	if id := addrOf(o.Message.ServerIdentifier()); id.IsValid() {
		return id
	}
	return o.From.Addr()
}

// Relay is the relay agent that forwarded the request (giaddr), or the zero
// value for a client on the wire.
func (p Packet) Relay() netip.Addr { return addrOf(p.Message.GatewayIPAddr) }

// addrOf turns a codec's address into a value; 0.0.0.0 and nonsense become the
// zero value, which is invalid.
func addrOf(ip net.IP) netip.Addr {
	a, ok := netip.AddrFromSlice(ip.To4())
	if !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
