package answer

import (
	"context"
	"net/netip"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// Offers4 answers DHCPv4 requests: with a boot offer beside another server's
// address, or with an address and a boot offer together.
type Offers4 struct {
	*Offers
	Addresses *dhcp.Server // nil where another server gives addresses
	// Reach chooses our address where it was a guess, by what it waits for with wait,
	// which is false where it can't; may be nil.
	Reach    func(ctx context.Context, p dhcp.Packet, wait func(func()) bool) dhcp.Packet
	Beside   bool // a DHCP server of this host, whose replies are not heard
	Timeless bool // nothing is waited for: the packets are of the past
	Send     func(dhcp.Packet, *dhcpv4.DHCPv4) error
}

// Handle takes a request from the listener. The timeline hears of it at once,
// before what other servers answer.
func (o *Offers4) Handle(ctx context.Context, p dhcp.Packet) {
	if request, client, ours := o.take(p); ours {
		o.answer(o.slots4, client, func(s *slot) { o.reply(ctx, p, request, s) })
	}
}

// Answer takes a request too, and has it answered before it returns.
func (o *Offers4) Answer(ctx context.Context, p dhcp.Packet) {
	if request, _, ours := o.take(p); ours {
		o.reply(ctx, p, request, nil)
	}
}

// take has a request remembered and told of. It is false for one that is left to
// another boot server.
func (o *Offers4) take(p dhcp.Packet) (pxe.Request, boot.Client, bool) {
	request := pxe.Read(p.Message)
	client := identify.Client(request, p)
	if request.IsBoot() {
		o.Recorder.Request(client, p, o.Beside)
	}
	if other := o.otherServer(request); other != "" {
		o.Events.Observe(timeline.Event{Kind: timeline.ChoseOther, MAC: client.MAC, Client: client, Proto: "dhcp", Reason: other})
		return request, client, false
	}
	o.observeRequest(request, client, p)
	return request, client, true
}

// reply follows one request from what it says to the reply on the wire.
func (o *Offers4) reply(ctx context.Context, p dhcp.Packet, request pxe.Request, s *slot) {
	if o.Reach != nil && o.Addresses == nil {
		p = o.Reach(ctx, p, s.wait)
	}
	client := o.chosen(identify.Client(request, p), request, p.Time)
	client.Proxied = o.Proxied()
	reply, outcome := o.address(p, request, client.MAC)
	if outcome.Ours.IsValid() {
		p.Server, client.Server = outcome.Ours, outcome.Ours
	}
	if reply != nil && identify.Addr(reply.YourIPAddr).IsValid() {
		// A loader that asks for an address of its own fetches from there (GRUB 0.97,
		// netboot/main.c).
		reply.ServerIPAddr = p.Server.AsSlice()
	}
	var decided decide.Decision
	switch {
	case !request.IsBoot():
	case request.Speaker == pxe.Apple && p.Port == dhcp.ServerPort:
		p, reply, decided = o.netBoot(ctx, client, p, reply)
	case !wantsBoot(p, request, outcome):
		if outcome.Step == dhcp.StepIgnored && request.Type == dhcpv4.MessageTypeDiscover {
			o.observeIgnored(client, outcome.Reason)
		}
	case p.Port == dhcp.ServerPort && !request.Discovers() && o.leftAlone(client, p.Time):
	default:
		reply, decided = o.boot(ctx, client, p, request, reply, s)
	}
	if reply == nil {
		return
	}
	if err := o.Send(p, reply); err != nil {
		o.Trouble("a reply could not be sent", client.MAC, p.Interface.Name, err)
		return
	}
	if request.IsBoot() {
		o.Recorder.Reply(client, p, reply, decided)
	}
	if outcome.Step == dhcp.StepAck {
		o.observeLease(client, outcome.Addr, request.IsBoot())
	}
}

// Proxied tells whether addresses come from a DHCP server on another host.
func (o *Offers4) Proxied() bool { return o.Addresses == nil && !o.Beside }

// address lets our own DHCP server, if there is one, decide about the address.
func (o *Offers4) address(p dhcp.Packet, r pxe.Request, mac boot.MAC) (*dhcpv4.DHCPv4, dhcp.Outcome) {
	if o.Addresses == nil || p.Port != dhcp.ServerPort || r.Discovers() {
		return nil, dhcp.Outcome{}
	}
	reply, outcome := o.Addresses.Handle(p.Time, p)
	if outcome.Err != nil {
		o.Trouble("no address for it", mac, p.Interface.Name, outcome.Err)
	}
	return reply, outcome
}

// wantsBoot tells whether a boot client's request is one to answer with what
// to boot.
func wantsBoot(p dhcp.Packet, r pxe.Request, outcome dhcp.Outcome) bool {
	switch outcome.Step {
	case dhcp.StepOffer, dhcp.StepAck, dhcp.StepInform:
		return true
	case "": // no server of ours was asked
		return r.Discovers() || pxe.Proxied(p.Port, r.Type)
	}
	return false
}

// boot decides what a client boots, and puts that into a reply. A machine that
// is not to be booted keeps the reply that gives it an address, without a decision.
func (o *Offers4) boot(ctx context.Context, c boot.Client, p dhcp.Packet, r pxe.Request, address *dhcpv4.DHCPv4, s *slot) (*dhcpv4.DHCPv4, decide.Decision) {
	reply := address
	atBootServer := r.Discovers() || p.Port == dhcp.BootPort
	d, ok := o.decide(ctx, c, func(d decide.Decision) (err error) {
		b := BootOf(d, o.Tree)
		b.Chosen = c.Item != 0 && r.BootItem == nil
		switch {
		case address != nil:
			return pxe.Apply(address, p.Message, b)
		case atBootServer:
			reply, err = pxe.Answer(p.Message, b)
		default:
			reply, err = pxe.Offer(p.Message, b)
		}
		return err
	})
	switch {
	case !ok:
		return address, decide.Decision{}
	case d.Shape.Late && !atBootServer && !o.Timeless && !o.late(ctx, c.MAC, s):
		return address, decide.Decision{}
	case atBootServer:
		o.observeOffer(timeline.Answered, d, netip.Addr{})
	case address == nil:
		o.noteShown(d, p.Time)
		o.observeOffer(timeline.Offered, d, netip.Addr{})
	case address.MessageType() == dhcpv4.MessageTypeOffer: // the ACK repeats what the OFFER said
		o.noteShown(d, p.Time)
		o.observeOffer(timeline.Offered, d, identify.Addr(address.YourIPAddr))
	}
	return reply, d
}

// BootOf is a decision as DHCPv4 encodes it.
func BootOf(d decide.Decision, t *tree.Tree) pxe.Boot {
	b := pxe.Boot{
		Server: d.Client.Server, File: t.Location(d.Client, d.Route), RootPath: d.Payload.RootPath,
		Shape: shapeOf(d.Shape), Menu: MenuOf(d.Menu, d.Client.Server),
	}
	if l := route.FindLoader(d.Route.Loader); l.Config != nil {
		b.Options = pxe.SyslinuxOptions(strings.TrimSuffix(b.File, d.Route.Give), l.Next.Name)
	}
	return b
}
