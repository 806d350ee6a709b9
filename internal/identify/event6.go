package identify

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/timeline"
)

// Event6 is what a request shows of a machine; false is nothing.
func Event6(r dhcp6.Request, c boot.Client, p dhcp6.Packet) (timeline.Event, bool) {
	e := timeline.Event{MAC: c.MAC, Proto: "dhcp", Client: c, Peer: FirstAddress(p.Message)}
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

// FirstAddress is the first that a message asks for or gives; the zero value
// where there is none, or no message.
func FirstAddress(m *dhcpv6.Message) netip.Addr {
	if m == nil {
		return netip.Addr{}
	}
	for _, ia := range m.Options.IANA() {
		for _, a := range ia.Options.Addresses() {
			return Addr(a.IPv6Addr)
		}
	}
	return netip.Addr{}
}
