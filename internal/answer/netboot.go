package answer

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// NetBootImages are the images that Macs are shown: those of the payload, or one that
// stands for a payload that has none.
func NetBootImages(p boot.Payload) []bsdp.Image {
	content, ok := p.Content.(boot.NetBoot)
	if !ok {
		id := bsdp.NewImageID(bsdp.MacOSX, false, 1)
		return []bsdp.Image{{ID: id, Name: p.Title(), Archs: []string{bsdp.I386}}}
	}
	var all []bsdp.Image
	for _, i := range content.Images {
		shown := bsdp.Image{
			ID: bsdp.NewImageID(bsdp.Kind(i.System), i.Install, i.Index), Name: i.Name, Models: i.Models,
			FilterOnly: i.FilterOnly, Default: i.Default, Enabled: addressesOf(i.Enabled), Disabled: addressesOf(i.Disabled),
		}
		for _, b := range i.Booters {
			shown.Archs = append(shown.Archs, b.Arch)
		}
		all = append(all, shown)
	}
	bsdp.Sort(all)
	return all
}

func addressesOf(macs []boot.MAC) [][6]byte {
	var all [][6]byte
	for _, m := range macs {
		all = append(all, m)
	}
	return all
}

// NetBootOf is what a Mac is told to boot by a decision, once it has chosen an image.
func NetBootOf(t *tree.Tree, d decide.Decision, chosen bsdp.Image) (boot.Client, bsdp.Boot) {
	c := d.Client
	b := bsdp.Boot{Image: chosen.ID, RootPath: d.Payload.RootPath}
	if content, ok := d.Payload.Content.(boot.NetBoot); ok {
		c.Item = chosen.ID.Index()
		i, _ := content.Image(c.Item)
		b.RootPath = t.NetBootRoot(c, d.Route, i)
		if content.Shadow != "" {
			b.MachineName = machineName(c.MAC)
			b.ShadowMount, b.ShadowFile = content.Shadow, b.MachineName+"/Shadow"
		}
	}
	b.File = t.Path(c, d.Route)
	return c, b
}

// machineName is what a Mac's system calls itself where it is told a name.
func machineName(mac boot.MAC) string {
	return "NetBoot-" + strings.ReplaceAll(mac.String(), ":", "")
}

// netBoot answers a Mac that asks by BSDP, and says where the answer goes. address is
// what our DHCP server, if any, answers to the same message.
func (o *Offers4) netBoot(ctx context.Context, c boot.Client, p dhcp.Packet, address *dhcpv4.DHCPv4) (dhcp.Packet, *dhcpv4.DHCPv4, decide.Decision) {
	if o.Recall != nil {
		o.Recall(c.MAC)
	}
	r, err := bsdp.Read(p.Message)
	inform := p.Message.MessageType() == dhcpv4.MessageTypeInform
	if inform && err == nil {
		err = checkAddressee(p, r)
	}
	chosen := bsdp.ImageID(o.Events.Chosen(c.MAC))
	switch {
	case o.Only != 0:
		o.observeIgnored(c, "Spur is a boot server in another server's menu, which Macs don't show")
		return p, address, decide.Decision{}
	case err != nil && inform:
		o.observeIgnored(c, err.Error())
		return p, address, decide.Decision{}
	case inform && !o.addressees.take(r.Address, c.Sender, p.Relay().IsValid(), p.Time):
		return p, address, decide.Decision{}
	case err != nil, !inform && (address != nil || chosen == 0):
		return p, address, decide.Decision{} // it wants an address
	case r.Message == bsdp.MessageSelect && !isOurs(p, r.Server):
		o.Events.Choose(c, 0)
		o.observeIgnored(c, "it chose the boot server "+r.Server.String())
		return p, address, decide.Decision{}
	}
	var answer macAnswer
	d, ok := o.decide(ctx, c, func(d decide.Decision) error {
		var err error
		answer, err = o.answerMac(p.Message, r, d, chosen)
		return err
	})
	if !ok || answer.reply == nil {
		return p, address, decide.Decision{}
	}
	o.observeMac(r, d, answer)
	if inform {
		p.ReplyTo = netip.AddrPortFrom(r.Address, r.ReplyPort)
	}
	return p, answer.reply, d
}

// isOurs tells whether a Mac has chosen this server, by any address that it has on the
// Mac's wire.
func isOurs(p dhcp.Packet, server netip.Addr) bool {
	return server == p.Server || slices.ContainsFunc(p.Interface.Addrs, func(own netip.Prefix) bool { return own.Addr() == server })
}

// macAnswer is what a Mac is answered.
type macAnswer struct {
	reply  *dhcpv4.DHCPv4 // nil for nothing
	client boot.Client    // with what it has chosen
	names  []string       // of the images that it is shown, or has chosen
	chosen bsdp.ImageID   // 0 for none, also where it is told that its choice isn't here
}

// answerMac is what a Mac is answered by a decision. An error leaves it alone.
func (o *Offers) answerMac(m *dhcpv4.DHCPv4, r bsdp.Request, d decide.Decision, before bsdp.ImageID) (a macAnswer, err error) {
	server := bsdp.Server{Addr: d.Client.Server, Priority: bsdp.UsualPriority}
	images := NetBootImages(d.Payload)
	a.client = d.Client
	if r.Message == bsdp.MessageList {
		for _, i := range bsdp.Offered(images, r) {
			a.names = append(a.names, i.Name)
		}
		if a.reply = bsdp.List(m, r, server, images, before); a.reply == nil {
			err = fmt.Errorf("no image is for it, a %s of the architecture %s", r.Class.Model, r.Class.Arch)
		}
		return a, err
	}
	write := bsdp.Select
	if r.Type == dhcpv4.MessageTypeDiscover {
		r.Selected, r.Selects, write = before, true, bsdp.Offer
	}
	chosen, ok := bsdp.Find(images, r)
	switch {
	case !ok && r.Type == dhcpv4.MessageTypeDiscover:
		return a, nil
	case !ok:
		a.reply = bsdp.Failed(m, server)
		return a, nil
	}
	var b bsdp.Boot
	a.client, b = NetBootOf(o.Tree, d, chosen)
	a.names, a.chosen = []string{chosen.Name}, chosen.ID
	a.reply, err = write(m, r, server, b)
	return a, err
}

// observeMac tells the timeline what a Mac was answered. A choice in Startup Disk is for
// the next boot.
func (o *Offers) observeMac(r bsdp.Request, d decide.Decision, a macAnswer) {
	d.Client = a.client
	mac, selects := a.client.MAC, r.Message == bsdp.MessageSelect
	switch {
	case selects && a.chosen == 0:
		o.Events.Choose(a.client, 0)
		o.observeIgnored(a.client, fmt.Sprintf("it chose the image %s, which is not here; it was told so", r.Selected))
		return
	case selects:
		o.Events.Choose(a.client, uint32(a.chosen))
	}
	switch {
	case r.ReplyPort != dhcp.ClientPort:
		o.Events.Observe(timeline.Event{Kind: timeline.OSAsked, MAC: mac, Reason: "Startup Disk", Client: boot.Client{Interface: a.client.Interface, Sender: a.client.Sender}})
	case selects:
		o.Clients.Saw(r.Address, a.client)
		o.Events.Observe(timeline.Event{Kind: timeline.BootAsked, MAC: mac, Proto: "dhcp", Client: a.client, Peer: r.Address, Server: a.client.Server, Reason: a.names[0]})
		o.observeOffer(timeline.Answered, d, netip.Addr{})
	case r.Message == bsdp.MessageList:
		o.Events.Observe(timeline.Event{Kind: timeline.Listed, MAC: mac, Proto: "dhcp", Client: a.client, Peer: r.Address, Server: a.client.Server, Name: strings.Join(a.names, ", ")})
	default:
		o.observeOffer(timeline.Offered, d, netip.Addr{})
	}
}
