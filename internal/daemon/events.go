package daemon

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

// observeRequest tells the timeline what a request shows of a machine, whether
// it is for us or for the DHCP server beside us.
func (o *offers4) observeRequest(r pxe.Request, c boot.Client, p dhcp.Packet) {
	e := timeline.Event{MAC: c.MAC, Proto: "dhcp", Client: c, Peer: requested(p.Message), Server: chosenServer(p.Message)}
	switch {
	case !r.IsBoot():
		e.Kind, e.Reason, e.Client = timeline.OSAsked, r.ClassID, boot.Client{Interface: c.Interface}
	case p.Port == dhcp.BootPort, r.Discovers():
		e.Kind, e.Server, e.Reason = timeline.BootAsked, c.Server, o.titleOf(r)
	case r.Type == dhcpv4.MessageTypeDiscover:
		e.Kind, e.Audible, e.Transaction = timeline.Asked, o.hearsOthers(p), binary.BigEndian.Uint32(p.Message.TransactionID[:])
	case r.Type == dhcpv4.MessageTypeRequest && o.addresses == nil:
		e.Kind = timeline.Chose
		o.clients.Saw(e.Peer, c)
		if p.Interface.OnLink(e.Peer) {
			e.Near = p.Interface.ServerFor(e.Peer)
		}
	default:
		return
	}
	o.events.Observe(e)
}

// hearsOthers tells whether an offer of another server to this client would be
// heard: it must be a broadcast on our own wire, and from another host.
func (o *offers4) hearsOthers(p dhcp.Packet) bool {
	return !o.beside && p.Message.IsBroadcast() && !p.Relay().IsValid()
}

// observeOther tells the timeline of another server's offer.
func observeOther(events *timeline.Timeline, o dhcp.Overheard) {
	m := o.Message
	if m.MessageType() != dhcpv4.MessageTypeOffer || len(m.ClientHWAddr) != len(boot.MAC{}) {
		return
	}
	e := timeline.Event{
		Kind: timeline.OtherOffered, MAC: boot.MAC(m.ClientHWAddr), Proto: "dhcp", Time: o.Time,
		Peer: addrOf(m.YourIPAddr), Server: o.Server(), Name: m.BootFileName,
	}
	if file := m.BootFileNameOption(); file != "" {
		e.Name = strings.TrimRight(file, "\x00")
	}
	if pxe.IsOffer(m) {
		e.Reason = m.ClassIdentifier()
	}
	if e.Peer.IsValid() || e.Reason != "" {
		events.Observe(e)
	}
}

// requested is the address that a client asks for: option 50, or its own.
func requested(m *dhcpv4.DHCPv4) netip.Addr {
	if a := addrOf(m.RequestedIPAddress()); a.IsValid() {
		return a
	}
	return addrOf(m.ClientIPAddr)
}

// chosenServer is the DHCP server whose offer a client takes (option 54).
func chosenServer(m *dhcpv4.DHCPv4) netip.Addr { return addrOf(m.ServerIdentifier()) }

// addrOf turns a codec's address into a value; 0.0.0.0 becomes the zero value.
func addrOf(ip []byte) netip.Addr {
	a, ok := netip.AddrFromSlice(ip)
	if a = a.Unmap(); !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
