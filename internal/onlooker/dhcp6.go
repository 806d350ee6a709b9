package onlooker

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/timeline"
)

func (o *overhearing) dhcp6(i *capture.Item) {
	inner, _ := capture.Unwrap6(i.Message)
	if m, relays, err := dhcp6.Parse(i.Message); err == nil {
		o.request6(i, m, relays)
	} else if m, err := dhcpv6.MessageFromBytes(inner); err == nil && o.client.Loader != "" {
		o.reply6(i, m)
	}
}

func (o *overhearing) request6(i *capture.Item, m *dhcpv6.Message, relays []dhcp6.Relay) {
	p := dhcp6.Packet{Message: m, Relays: relays, Port: i.Dst.Port(), From: i.Src, To: i.Dst.Addr(), Card: i.From, Server: i.Dst.Addr(), Time: i.Time}
	r := dhcp6.Read(p)
	c := identify.Client6(r, p)
	c.MAC = o.machine.MAC
	e, ok := identify.Event6(r, c, p)
	if !ok {
		return
	}
	if e.Kind == timeline.Asked && (!o.client.IPv6 || c.Proto != o.client.Proto || c.Loader != o.client.Loader) {
		o.server, o.file = netip.Addr{}, ""
	}
	if r.IsBoot() {
		o.client = c
	}
	e.Audible = true
	o.add(i.Time, e)
}

func (o *overhearing) reply6(i *capture.Item, m *dhcpv6.Message) {
	url, addr, server := m.Options.BootFileURL(), identify.FirstAddress(m), i.Src.Addr()
	switch {
	case i.Src.Port() == dhcp6.BootPort || i.Dst.Port() == dhcp6.BootPort:
		o.named(i.Time, timeline.Answered, url, server, netip.Addr{})
	case m.MessageType != dhcpv6.MessageTypeAdvertise && (url == "" || addr.IsValid()):
	case url != "" && (!o.server.IsValid() || o.server == server):
		o.named(i.Time, timeline.Offered, url, server, addr)
	case addr.IsValid() || url != "":
		o.add(i.Time, timeline.Event{Kind: timeline.OtherOffered, Proto: "dhcp", Peer: addr, Server: server, Name: baseOf(url)})
	}
}
