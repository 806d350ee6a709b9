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
	e, ok := requestEvent(r, c, p)
	if !ok || e.Kind == timeline.Chose && o.addresses != nil {
		return
	}
	switch e.Kind {
	case timeline.Asked:
		e.Audible = o.hearsOthers(p)
	case timeline.BootAsked:
		e.Reason = o.titleOf(r)
	case timeline.Chose:
		o.clients.Saw(e.Peer, c)
		if p.Interface.OnLink(e.Peer) {
			e.Near = p.Interface.ServerFor(e.Peer)
		}
	}
	o.events.Observe(e)
}

// requestEvent is what a request shows of a machine; false is nothing.
func requestEvent(r pxe.Request, c boot.Client, p dhcp.Packet) (timeline.Event, bool) {
	e := timeline.Event{MAC: c.MAC, Proto: "dhcp", Client: c, Peer: requested(p.Message), Server: chosenServer(p.Message)}
	switch {
	case !r.IsBoot():
		e.Kind, e.Reason, e.Client = timeline.OSAsked, r.ClassID, boot.Client{Interface: c.Interface}
	case p.Port == dhcp.BootPort, r.Discovers():
		e.Kind, e.Server = timeline.BootAsked, c.Server
	case r.Speaker == pxe.Apple && asksForImages(p.Message):
		e.Kind, e.Peer, e.Server = timeline.Asked, addrOf(p.Message.ClientIPAddr), c.Server
	case r.Type == dhcpv4.MessageTypeDiscover:
		e.Kind, e.Transaction = timeline.Asked, binary.BigEndian.Uint32(p.Message.TransactionID[:])
	case r.Type == dhcpv4.MessageTypeRequest:
		e.Kind = timeline.Chose
	}
	return e, e.Kind != ""
}

// hearsOthers tells whether an offer of another server to this client would be
// heard: it must be a broadcast on our own wire, and from another host.
func (o *offers4) hearsOthers(p dhcp.Packet) bool {
	return !o.beside && p.Message.IsBroadcast() && !p.Relay().IsValid()
}

// observeOther tells the timeline of another server's offer.
func observeOther(events *timeline.Timeline, o dhcp.Overheard) {
	if e, ok := otherOffer(o); ok {
		events.Observe(e)
	}
}

// otherOffer is another server's offer; false is anything else.
func otherOffer(o dhcp.Overheard) (timeline.Event, bool) {
	m := o.Message
	if m.MessageType() != dhcpv4.MessageTypeOffer || len(m.ClientHWAddr) != len(boot.MAC{}) {
		return timeline.Event{}, false
	}
	e := timeline.Event{
		Kind: timeline.OtherOffered, MAC: boot.MAC(m.ClientHWAddr), Proto: "dhcp", Time: o.Time,
		Peer: addrOf(m.YourIPAddr), Server: o.Server(), Name: bootFile(m),
	}
	if pxe.IsOffer(m) {
		e.Reason = m.ClassIdentifier()
	}
	return e, e.Peer.IsValid() || e.Reason != ""
}

// bootFile is the boot file that a reply names: in option 67, else in the field.
func bootFile(m *dhcpv4.DHCPv4) string {
	if file := m.BootFileNameOption(); file != "" {
		return strings.TrimRight(file, "\x00")
	}
	return m.BootFileName
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
