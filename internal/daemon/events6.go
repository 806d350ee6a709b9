package daemon

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/timeline"
)

// observeRequest tells the timeline what a request shows of a machine, whether
// it is for us or for the DHCPv6 server beside us. What other servers answer is
// sent to the machine alone, and not heard.
func (o *offers6) observeRequest(r dhcp6.Request, c boot.Client, p dhcp6.Packet) {
	e, ok := requestEvent6(r, c, p)
	switch {
	case !ok || r.IsBoot() && c.Loader == boot.IPXE && !c.Server.IsValid():
		return
	case e.Kind == timeline.Chose && o.addresses != nil:
		return
	case e.Kind == timeline.Chose:
		o.clients.Saw(e.Peer, c)
	}
	o.events.Observe(e)
}

// requestEvent6 is what a request shows of a machine; false is nothing.
func requestEvent6(r dhcp6.Request, c boot.Client, p dhcp6.Packet) (timeline.Event, bool) {
	e := timeline.Event{MAC: c.MAC, Proto: "dhcp", Client: c, Peer: firstAddress(p.Message)}
	switch {
	case !r.IsBoot() && r.Type == dhcpv6.MessageTypeSolicit && r.IsSystem():
		e.Kind, e.Reason, e.Client = timeline.OSAsked, r.ClassID, boot.Client{Interface: c.Interface}
	case !r.IsBoot():
	case p.Port == dhcp6.BootPort:
		e.Kind, e.Server = timeline.BootAsked, c.Server
	case r.Type == dhcpv6.MessageTypeSolicit, r.Type == dhcpv6.MessageTypeInformationRequest:
		e.Kind, e.Peer = timeline.Asked, netip.Addr{}
	case r.Type == dhcpv6.MessageTypeRequest:
		e.Kind = timeline.Chose
	}
	return e, e.Kind != ""
}

// firstAddress is the first that a message asks for or gives; the zero value
// where there is none, or no message.
func firstAddress(m *dhcpv6.Message) netip.Addr {
	if m == nil {
		return netip.Addr{}
	}
	for _, ia := range m.Options.IANA() {
		for _, a := range ia.Options.Addresses() {
			return addrOf(a.IPv6Addr)
		}
	}
	return netip.Addr{}
}
