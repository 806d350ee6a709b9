package daemon

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// maxAnswers bounds the requests that are being answered at one time: a boot
// API may take its time for each.
const maxAnswers = 1024

// offers answers DHCP requests: with a boot offer beside another server's
// address, or with an address and a boot offer together.
type offers struct {
	decider   decide.Decider
	tree      *tree.Tree // names what is offered
	events    *timeline.Timeline
	clients   *decide.Clients                                // that took addresses
	addresses *dhcp.Server                                   // nil where another server gives addresses
	reach     func(context.Context, dhcp.Packet) dhcp.Packet // chooses our address where it was a guess; may be nil
	beside    bool                                           // a DHCP server of this host, whose replies are not heard
	send      func(dhcp.Packet, *dhcpv4.DHCPv4) error
	trouble   func(what string, mac boot.MAC, iface string, err error)
	panicked  func(where string, value any, stack []byte)

	running sync.WaitGroup
	slots   chan struct{}
	dropped atomic.Uint64
}

// handle takes a request from the listener. Each is answered on a goroutine of
// its own, so that an API that is slow about one machine delays no other; Wait
// ends them. What exceeds the bound is dropped: clients repeat themselves. The
// timeline hears of the request at once, before what other servers answer.
func (o *offers) handle(ctx context.Context, p dhcp.Packet) {
	request := pxe.Read(p.Message)
	o.observeRequest(request, clientOf(request, p), p)
	select {
	case o.slots <- struct{}{}:
	default:
		o.dropped.Add(1)
		return
	}
	o.running.Go(func() {
		defer func() { <-o.slots }()
		defer func() {
			if value := recover(); value != nil {
				o.panicked("DHCP request of "+p.Message.ClientHWAddr.String(), value, debug.Stack())
			}
		}()
		o.answer(ctx, p, request)
	})
}

// answer follows one request from what it says to the reply on the wire.
func (o *offers) answer(ctx context.Context, p dhcp.Packet, request pxe.Request) {
	if o.reach != nil && o.addresses == nil {
		p = o.reach(ctx, p)
	}
	client := clientOf(request, p)
	reply, outcome := o.address(p, client.MAC)
	if outcome.Ours.IsValid() {
		p.Server, client.Server = outcome.Ours, outcome.Ours
	}
	switch {
	case !request.IsBoot():
	case wantsBoot(p, outcome):
		reply = o.boot(ctx, client, p, reply)
	case outcome.Step == dhcp.StepIgnored && request.Type == dhcpv4.MessageTypeDiscover:
		o.events.Observe(timeline.Event{Kind: timeline.Ignored, MAC: client.MAC, Client: client, Reason: outcome.Reason})
	}
	if reply == nil {
		return
	}
	if err := o.send(p, reply); err != nil {
		o.trouble("a reply could not be sent", client.MAC, p.Interface.Name, err)
		return
	}
	o.observeLease(client, outcome)
}

// address lets our own DHCP server, if there is one, decide about the address.
func (o *offers) address(p dhcp.Packet, mac boot.MAC) (*dhcpv4.DHCPv4, dhcp.Outcome) {
	if o.addresses == nil || p.Port != dhcp.ServerPort {
		return nil, dhcp.Outcome{}
	}
	reply, outcome := o.addresses.Handle(p.Time, p)
	if outcome.Err != nil {
		o.trouble("no address for it", mac, p.Interface.Name, outcome.Err)
	}
	return reply, outcome
}

// wantsBoot tells whether a boot client's request is one to answer with what
// to boot.
func wantsBoot(p dhcp.Packet, outcome dhcp.Outcome) bool {
	switch outcome.Step {
	case dhcp.StepOffer, dhcp.StepAck, dhcp.StepInform:
		return true
	case "": // no server of ours was asked
		return pxe.Proxied(p.Port, p.Message.MessageType())
	}
	return false
}

// boot decides what a client boots, and puts that into a reply. A machine that
// is not to be booted keeps the reply that gives it an address.
func (o *offers) boot(ctx context.Context, c boot.Client, p dhcp.Packet, address *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	d, err := o.decider.Decide(ctx, c)
	if err != nil {
		o.events.Observe(silence(c, "", err))
		return address
	}
	reply, err := o.reply(p, address, pxe.Boot{
		Server: c.Server, File: o.tree.Location(c, d.Route), RootPath: d.Payload.RootPath, Direct: d.Route.Direct,
	})
	if err != nil {
		o.events.Observe(timeline.Event{Kind: timeline.Ignored, MAC: c.MAC, Client: c, Reason: err.Error()})
		return address
	}
	o.observeOffer(c, d.Route, p, address)
	return reply
}

// reply writes a boot offer in the form that the request calls for.
func (o *offers) reply(p dhcp.Packet, address *dhcpv4.DHCPv4, b pxe.Boot) (*dhcpv4.DHCPv4, error) {
	switch {
	case address != nil:
		return address, pxe.Apply(address, p.Message, b)
	case p.Port == dhcp.BootPort:
		return pxe.Answer(p.Message, b)
	}
	return pxe.Offer(p.Message, b)
}

// wait returns when every request that was taken has been answered.
func (o *offers) wait() { o.running.Wait() }

// droppedCount is how many requests were dropped because too many were being
// answered.
func (o *offers) droppedCount() uint64 {
	if o == nil {
		return 0
	}
	return o.dropped.Load()
}
