package dhcp6

import (
	"errors"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/leases"
)

// exchange is one request on its way through the server.
type exchange struct {
	*Server
	network
	now     time.Time
	packet  Packet
	request Request
}

func (x exchange) handle() (*dhcpv6.Message, Outcome) {
	all := associations(x.packet.Message)
	switch kind := x.packet.Message.MessageType; kind {
	case dhcpv6.MessageTypeInformationRequest:
		return x.reply(dhcpv6.MessageTypeReply), Outcome{Step: StepInform}
	case dhcpv6.MessageTypeConfirm:
		return x.confirm(all)
	case dhcpv6.MessageTypeRelease:
		return x.giveUp(all, StepRelease, x.leases.Release)
	case dhcpv6.MessageTypeDecline:
		return x.giveUp(all, StepDecline, x.leases.Decline)
	case dhcpv6.MessageTypeSolicit:
		if len(all) == 0 {
			return ignore("a SOLICIT that asks for no address (IA_NA)")
		}
		if x.authoritative && x.packet.Message.GetOneOption(dhcpv6.OptionRapidCommit) != nil {
			reply, out := x.each(all, dhcpv6.MessageTypeReply, x.assign)
			reply.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionRapidCommit})
			return reply, out
		}
		return x.each(all, dhcpv6.MessageTypeAdvertise, x.offer)
	case dhcpv6.MessageTypeRequest:
		return x.each(all, dhcpv6.MessageTypeReply, x.assign)
	default: // RENEW and REBIND
		return x.each(all, dhcpv6.MessageTypeReply, x.extend)
	}
}

// reply starts a reply, with what the network is like.
func (x exchange) reply(kind dhcpv6.MessageType) *dhcpv6.Message {
	m := newReply(x.packet, kind, x.id)
	if len(x.pool.DNS) > 0 {
		m.AddOption(dhcpv6.OptDNS(ips(x.pool.DNS)...))
	}
	return m
}

// each answers every association by f, which returns the address that it gave
// and why it gave none. The outcome is the best of them.
func (x exchange) each(all []association, kind dhcpv6.MessageType, f func(association) (*dhcpv6.OptIANA, Outcome)) (*dhcpv6.Message, Outcome) {
	m := x.reply(kind)
	best := Outcome{Step: StepRefuse, Reason: "the message names no association (IA_NA)"}
	for i, a := range all {
		o, out := f(a)
		if out.Step == StepFailed || out.Step == StepIgnored {
			return m, out
		}
		m.AddOption(o)
		if i == 0 || !best.Addr.IsValid() {
			best = out
		}
	}
	if kind == dhcpv6.MessageTypeAdvertise && best.Addr.IsValid() {
		best.Step = StepAdvertise
		if x.authoritative {
			m.AddOption(dhcpv6.OptPreference(255))
		}
	}
	return m, best
}

func (x exchange) ia(a association) leases.Holder {
	return leases.Holder{Client: ClientKey(x.request.DUID), ID: a.id}
}

// reservation is the address that is reserved for the client.
func (x exchange) reservation() netip.Addr {
	if x.reserved == nil {
		return netip.Addr{}
	}
	if addr := x.reserved(x.request); x.pool.Prefix.Contains(addr) {
		return addr
	}
	return netip.Addr{} // it is for another network
}

// offer is for SOLICIT (RFC 8415 section 18.3.1).
func (x exchange) offer(a association) (*dhcpv6.OptIANA, Outcome) {
	if addr := x.reservation(); addr.IsValid() {
		return x.given(a, addr)
	}
	lease, err := x.leases.Offer(x.now, x.ia(a), x.request.MAC.String(), a.want())
	if err != nil {
		return x.without(a, err)
	}
	return x.given(a, lease.Addr)
}

// assign is for REQUEST (RFC 8415 section 18.3.2), and SOLICIT with rapid commit.
func (x exchange) assign(a association) (*dhcpv6.OptIANA, Outcome) {
	if addr := x.reservation(); addr.IsValid() {
		return x.bound(a)(x.leases.Assign(x.now, x.ia(a), x.request.MAC.String(), "", addr))
	}
	if want := a.want(); want.IsValid() && !x.pool.Prefix.Contains(want) && x.request.Type == dhcpv6.MessageTypeRequest {
		why := want.String() + " belongs to another network"
		return a.refused(iana.StatusNotOnLink, why), Outcome{Step: StepRefuse, Reason: why}
	}
	lease, err := x.leases.Offer(x.now, x.ia(a), x.request.MAC.String(), a.want())
	if err != nil {
		return x.without(a, err)
	}
	return x.bound(a)(x.leases.Bind(x.now, x.ia(a), x.request.MAC.String(), "", lease.Addr))
}

// extend is for RENEW and REBIND (RFC 8415 sections 18.3.4 and 18.3.5). An
// address that nobody remembers is the client's if it is free: a store may have
// been lost. What is not of this server's range is another server's, to which a
// REBIND may have been sent as well.
func (x exchange) extend(a association) (*dhcpv6.OptIANA, Outcome) {
	rebind := x.request.Type == dhcpv6.MessageTypeRebind
	if held, ok := x.leases.Of(x.ia(a)); ok && held.State == leases.Bound {
		return x.again(a, held.Addr)
	}
	want := a.want()
	switch {
	case want.IsValid() && !x.pool.Prefix.Contains(want):
		o := a.option()
		a.over(o, netip.Addr{})
		return o, Outcome{Step: StepRefuse, Reason: want.String() + " belongs to another network"}
	case rebind && !x.pool.Gives(want) && want != x.reservation():
		return nil, Outcome{Step: StepIgnored, Reason: "no lease is known for this client (REBIND)"}
	}
	return x.again(a, want)
}

// again gives a client an address that it says it has.
func (x exchange) again(a association, addr netip.Addr) (*dhcpv6.OptIANA, Outcome) {
	bind := x.leases.Bind
	if addr.IsValid() && addr == x.reservation() {
		bind = x.leases.Assign
	}
	lease, err := bind(x.now, x.ia(a), x.request.MAC.String(), "", addr)
	if errors.Is(err, leases.ErrTaken) {
		return a.refused(iana.StatusNoBinding, err.Error()), Outcome{Step: StepRefuse, Reason: err.Error()}
	}
	o, out := x.bound(a)(lease, err)
	if out.Step == StepReply {
		a.over(o, addr)
	}
	return o, out
}

// bound turns what the leases say into the answer.
func (x exchange) bound(a association) func(leases.Lease, error) (*dhcpv6.OptIANA, Outcome) {
	return func(lease leases.Lease, err error) (*dhcpv6.OptIANA, Outcome) {
		if err != nil {
			return x.without(a, err)
		}
		return x.given(a, lease.Addr)
	}
}

func (x exchange) given(a association, addr netip.Addr) (*dhcpv6.OptIANA, Outcome) {
	return a.leased(addr, x.pool.Lease()), Outcome{Step: StepReply, Addr: addr}
}

// without says that there is no address for the client. An error of the store
// is no answer: the client asks again.
func (x exchange) without(a association, err error) (*dhcpv6.OptIANA, Outcome) {
	out := Outcome{Step: StepFailed, Reason: err.Error(), Err: err}
	if errors.Is(err, leases.ErrExhausted) || errors.Is(err, leases.ErrTaken) {
		out.Step = StepExhaust
	}
	return a.refused(iana.StatusNoAddrsAvail, err.Error()), out
}

// confirm is RFC 8415 section 18.3.3: only the network counts.
func (x exchange) confirm(all []association) (*dhcpv6.Message, Outcome) {
	var first netip.Addr
	for _, a := range all {
		for _, addr := range a.addrs {
			if !x.pool.Prefix.Contains(addr) {
				why := addr.String() + " belongs to another network"
				m := newReply(x.packet, dhcpv6.MessageTypeReply, x.id)
				m.AddOption(status(iana.StatusNotOnLink, why))
				return m, Outcome{Step: StepRefuse, Addr: addr, Reason: why}
			}
			if !first.IsValid() {
				first = addr
			}
		}
	}
	if !first.IsValid() {
		return ignore("a CONFIRM that names no address")
	}
	m := newReply(x.packet, dhcpv6.MessageTypeReply, x.id)
	m.AddOption(status(iana.StatusSuccess, ""))
	return m, Outcome{Step: StepConfirm, Addr: first}
}

// giveUp is for RELEASE and DECLINE (RFC 8415 sections 18.3.7 and 18.3.8). We
// give one address to an association, so the first that it names counts.
func (x exchange) giveUp(all []association, step Step, f func(time.Time, leases.Holder, netip.Addr) error) (*dhcpv6.Message, Outcome) {
	m := newReply(x.packet, dhcpv6.MessageTypeReply, x.id)
	m.AddOption(status(iana.StatusSuccess, ""))
	out := Outcome{Step: step}
	for _, a := range all {
		addr := a.want()
		err := f(x.now, x.ia(a), addr)
		switch {
		case errors.Is(err, leases.ErrTaken):
			out.Reason = "the client doesn't hold " + addr.String()
			m.AddOption(a.refused(iana.StatusNoBinding, out.Reason))
		case err != nil:
			return nil, Outcome{Step: StepFailed, Addr: addr, Reason: err.Error(), Err: err}
		case !out.Addr.IsValid():
			out.Addr = addr
		}
	}
	return m, out
}
