package answer

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/timeline"
)

// Offers6 answers DHCPv6 requests: with a boot offer beside another server's
// address, or with an address and a boot offer together.
type Offers6 struct {
	*Offers
	ID        dhcpv6.DUID
	Addresses *dhcp6.Server // nil where another server gives addresses
	Send      func(dhcp6.Packet, *dhcpv6.Message) error
}

// Handle takes a request from the listener. The timeline hears of it at once.
func (o *Offers6) Handle(ctx context.Context, p dhcp6.Packet) {
	if request, client, ok := o.take(p); ok {
		o.answer(o.slots6, client, func(*slot) { o.reply(ctx, p, request, client) })
	}
}

// Answer takes a request too, and has it answered before it returns.
func (o *Offers6) Answer(ctx context.Context, p dhcp6.Packet) {
	if request, client, ok := o.take(p); ok {
		o.reply(ctx, p, request, client)
	}
}

// take has a request remembered and told of. It is false for an INFORMATION-REQUEST
// without any identifier.
func (o *Offers6) take(p dhcp6.Packet) (dhcp6.Request, boot.Client, bool) {
	request := dhcp6.Read(p)
	client := identify.Client6(request, p)
	if client.MAC == (boot.MAC{}) {
		return request, client, false
	}
	if request.IsBoot() {
		o.Recorder.Request6(client, p)
	}
	o.observeRequest(request, client, p)
	return request, client, true
}

// reply follows one request from what it says to the reply on the wire.
func (o *Offers6) reply(ctx context.Context, p dhcp6.Packet, request dhcp6.Request, client boot.Client) {
	reply, outcome := o.address(p, client.MAC)
	if outcome.Ours.IsValid() {
		client.Server = outcome.Ours
	}
	var decided decide.Decision
	switch {
	case !request.IsBoot():
	case wantsBoot6(p, request, outcome):
		reply, decided = o.boot(ctx, client, p, request, reply)
	case outcome.Step == dhcp6.StepIgnored && request.Type == dhcpv6.MessageTypeSolicit:
		o.observeIgnored(client, outcome.Reason)
	}
	if reply == nil {
		return
	}
	if err := o.Send(p, reply); err != nil {
		o.Trouble("a reply could not be sent", client.MAC, p.Interface.Name, err)
		return
	}
	if request.IsBoot() {
		o.Recorder.Reply6(client, p, reply, decided)
	}
	switch {
	case outcome.Step != dhcp6.StepReply:
	case request.IsBoot():
		o.observeLease(client, outcome.Addr, true)
	default: // the IPv6 stack of edk2 takes an address of its own
		o.Clients.Saw(outcome.Addr, client)
	}
}

// address lets our own DHCPv6 server, if there is one, decide about the address.
func (o *Offers6) address(p dhcp6.Packet, mac boot.MAC) (*dhcpv6.Message, dhcp6.Outcome) {
	if o.Addresses == nil || p.Port != dhcp6.ServerPort {
		return nil, dhcp6.Outcome{}
	}
	reply, outcome := o.Addresses.Handle(p.Time, p)
	if outcome.Err != nil {
		o.Trouble("no address for it", mac, p.Interface.Name, outcome.Err)
	}
	return reply, outcome
}

// wantsBoot6 tells whether a boot client's request is one to answer with what
// to boot.
func wantsBoot6(p dhcp6.Packet, r dhcp6.Request, outcome dhcp6.Outcome) bool {
	switch outcome.Step {
	case dhcp6.StepAdvertise, dhcp6.StepReply, dhcp6.StepInform:
		return true
	case "": // no server of ours was asked
		return dhcp6.Proxied(p, r)
	}
	return false
}

// boot decides what a client boots, and puts that into a reply. A machine that
// is not to be booted keeps the reply that gives it an address, without a decision.
func (o *Offers6) boot(ctx context.Context, c boot.Client, p dhcp6.Packet, r dhcp6.Request, address *dhcpv6.Message) (*dhcpv6.Message, decide.Decision) {
	if !c.Server.IsValid() {
		o.observeUnreachable(c)
		return address, decide.Decision{}
	}
	c.Item, _ = o.choices.Of(c, p.Time) // over IPv4: DHCPv6 has no menus
	if o.leftAlone(c, p.Time) {
		return address, decide.Decision{}
	}
	reply := address
	d, ok := o.decide(ctx, c, func(d decide.Decision) (err error) {
		b := dhcp6.Boot{URL: o.Tree.Location(d.Client, d.Route)}
		if address != nil {
			return dhcp6.Apply(address, r, b)
		}
		reply, err = dhcp6.Offer(p, o.ID, b)
		return err
	})
	switch {
	case !ok:
		return address, decide.Decision{}
	case p.Port == dhcp6.BootPort:
		o.observeOffer(timeline.Answered, d, netip.Addr{})
	case address == nil || address.MessageType == dhcpv6.MessageTypeAdvertise || r.Type == dhcpv6.MessageTypeInformationRequest:
		o.observeOffer(timeline.Offered, d, identify.FirstAddress(address))
	}
	return reply, d
}

// observeUnreachable says of a machine that it couldn't fetch anything: a URL
// names no link-local address. iPXE asks by IPv6 beside IPv4, where that is no
// news.
func (o *Offers6) observeUnreachable(c boot.Client) {
	if c.Loader == boot.ROM {
		o.observeIgnored(c, fmt.Sprintf("%s has no IPv6 address but its link-local one, by which no file can be fetched: ip addr add fd77::1/64 dev %s", c.Interface, c.Interface))
	}
}
