package identify

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
)

// Event is what a request shows of a machine; false is nothing.
func Event(r pxe.Request, c boot.Client, p dhcp.Packet) (timeline.Event, bool) {
	e := timeline.Event{MAC: c.MAC, Proto: "dhcp", Client: c, Peer: requested(p.Message), Server: chosenServer(p.Message)}
	switch {
	case !r.IsBoot():
		e.Kind, e.Reason, e.Client = timeline.OSAsked, r.ClassID, boot.Client{Interface: c.Interface, Sender: c.Sender}
	case p.Port == dhcp.BootPort, r.Discovers():
		e.Kind, e.Server = timeline.BootAsked, c.Server
	case r.Speaker == pxe.Apple && asksForImages(p.Message):
		e.Kind, e.Peer, e.Server = timeline.Asked, Addr(p.Message.ClientIPAddr), c.Server
	case r.Type == dhcpv4.MessageTypeDiscover:
		e.Kind, e.Transaction = timeline.Asked, binary.BigEndian.Uint32(p.Message.TransactionID[:])
	case r.Type == dhcpv4.MessageTypeRequest:
		e.Kind = timeline.Chose
	}
	return e, e.Kind != ""
}

// OtherOffer is another server's offer; false is anything else.
func OtherOffer(o dhcp.Overheard) (timeline.Event, bool) {
	m := o.Message
	if m.MessageType() != dhcpv4.MessageTypeOffer || len(m.ClientHWAddr) != len(boot.MAC{}) {
		return timeline.Event{}, false
	}
	e := timeline.Event{
		Kind: timeline.OtherOffered, MAC: boot.MAC(m.ClientHWAddr), Proto: "dhcp", Time: o.Time,
		Peer: Addr(m.YourIPAddr), Server: o.Server(), Name: BootFile(m),
	}
	if pxe.IsOffer(m) {
		e.Reason = m.ClassIdentifier()
	}
	return e, e.Peer.IsValid() || e.Reason != ""
}

// BootFile is the boot file that a reply names: in option 67, else in the field.
func BootFile(m *dhcpv4.DHCPv4) string {
	if file := m.BootFileNameOption(); file != "" {
		return strings.TrimRight(file, "\x00")
	}
	return m.BootFileName
}

// requested is the address that a client asks for: option 50, or its own.
func requested(m *dhcpv4.DHCPv4) netip.Addr {
	if a := Addr(m.RequestedIPAddress()); a.IsValid() {
		return a
	}
	return Addr(m.ClientIPAddr)
}

// chosenServer is the DHCP server whose offer a client takes (option 54).
func chosenServer(m *dhcpv4.DHCPv4) netip.Addr { return Addr(m.ServerIdentifier()) }

// Addr turns a codec's address into a value; 0.0.0.0 becomes the zero value.
func Addr(ip []byte) netip.Addr {
	a, ok := netip.AddrFromSlice(ip)
	if a = a.Unmap(); !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
