package dhcp

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/leases"
)

// discover is RFC 2131 section 4.3.1.
func (n subnet) discover(now time.Time, p Packet) (*dhcpv4.DHCPv4, Outcome) {
	lease, err := n.leases.Offer(now, clientOf(p.Message), p.Message.ClientHWAddr.String(), addrOf(p.Message.RequestedIPAddress()))
	if err != nil {
		return failed(err)
	}
	reply := newReply(p, dhcpv4.MessageTypeOffer)
	n.pool.lend(reply, lease.Addr)
	return reply, Outcome{Step: StepOffer, Addr: lease.Addr}
}

// request is RFC 2131 section 4.3.2: what the client fills in tells the state
// that it is in.
func (s *Server) request(now time.Time, n subnet, p Packet) (*dhcpv4.DHCPv4, Outcome) {
	id := addrOf(p.Message.ServerIdentifier())
	want := addrOf(p.Message.RequestedIPAddress())
	has := addrOf(p.Message.ClientIPAddr)
	switch {
	case id.IsValid() && !ours(p, id):
		n.leases.Forget(clientOf(p.Message))
		return ignore("the client chose the server " + id.String())
	case id.IsValid() && id == p.override() && !s.authoritative && !n.leases.Holds(clientOf(p.Message), want, has):
		// Every server behind the relay has this identifier.
		return ignore("the client chose another server behind the relay " + id.String())
	case id.IsValid():
		return n.selecting(now, p, want, has)
	case want.IsValid():
		return s.rebind(now, n, p, want, "INIT-REBOOT")
	case has.IsValid():
		return s.rebind(now, n, p, has, "RENEWING")
	}
	return ignore("a REQUEST that names no address")
}

// selecting takes the offer up. A client that leaves the address out means the
// one that it was offered.
func (n subnet) selecting(now time.Time, p Packet, want, has netip.Addr) (*dhcpv4.DHCPv4, Outcome) {
	if !want.IsValid() {
		want = has
	}
	if held, ok := n.leases.Of(clientOf(p.Message)); ok && !want.IsValid() {
		want = held.Addr
	}
	if !want.IsValid() {
		return nak(p, want, "no address was offered")
	}
	return n.bind(now, p, want)
}

// rebind is for a client that comes back with an address: after a reboot
// (option 50) or to renew it (ciaddr).
func (s *Server) rebind(now time.Time, n subnet, p Packet, want netip.Addr, state string) (*dhcpv4.DHCPv4, Outcome) {
	held, known := n.leases.Of(clientOf(p.Message))
	switch {
	case !n.pool.Prefix.Contains(want):
		return nak(p, want, "the address belongs to another network")
	case known && held.Addr != want && held.State == leases.Bound:
		return nak(p, want, "the client's address is "+held.Addr.String())
	// A renewal that was sent to us means that we gave the address, even if a
	// restart made us forget it. What a relay brings was sent to all servers.
	case !known && !s.authoritative && (p.Relay().IsValid() || !ours(p, p.To)):
		return ignore("no lease is known for this client (" + state + ")")
	}
	return n.bind(now, p, want)
}

func (n subnet) bind(now time.Time, p Packet, addr netip.Addr) (*dhcpv4.DHCPv4, Outcome) {
	m := p.Message
	lease, err := n.leases.Bind(now, clientOf(m), m.ClientHWAddr.String(), hostName(m.HostName()), addr)
	if errors.Is(err, leases.ErrTaken) {
		return nak(p, addr, err.Error())
	}
	if err != nil {
		return failed(err)
	}
	reply := newReply(p, dhcpv4.MessageTypeAck)
	reply.ClientIPAddr = m.ClientIPAddr
	n.pool.lend(reply, lease.Addr)
	return reply, Outcome{Step: StepAck, Addr: lease.Addr}
}

// decline is RFC 2131 section 4.3.3.
func (n subnet) decline(now time.Time, p Packet) (*dhcpv4.DHCPv4, Outcome) {
	addr := addrOf(p.Message.RequestedIPAddress())
	if id := addrOf(p.Message.ServerIdentifier()); id.IsValid() && !ours(p, id) {
		return ignore("the DECLINE is for the server " + id.String())
	}
	if err := n.leases.Decline(now, clientOf(p.Message), addr); err != nil {
		return unheld(err, "DECLINE", addr)
	}
	return nil, Outcome{Step: StepDecline, Addr: addr, Reason: "another machine uses this address; it is set aside for " + leases.DeclineTime.String()}
}

// release is RFC 2131 section 4.3.4. A client need not release its address; so what
// another one on its wire sends in its name, which would give the address to two, is left.
func (n subnet) release(now time.Time, p Packet) (*dhcpv4.DHCPv4, Outcome) {
	addr := addrOf(p.Message.ClientIPAddr)
	if id := addrOf(p.Message.ServerIdentifier()); id.IsValid() && !ours(p, id) {
		return ignore("the RELEASE is for the server " + id.String())
	}
	if held, ok := n.leases.Of(clientOf(p.Message)); ok && p.Interface.OnLink(addr) && held.MAC != p.FromMAC.String() {
		return ignore("a RELEASE of " + addr.String() + ", which " + p.FromMAC.String() + " sends in the name of " + held.MAC)
	}
	if err := n.leases.Release(now, clientOf(p.Message), addr); err != nil {
		return unheld(err, "RELEASE", addr)
	}
	return nil, Outcome{Step: StepRelease, Addr: addr}
}

func unheld(err error, what string, addr netip.Addr) (*dhcpv4.DHCPv4, Outcome) {
	if errors.Is(err, leases.ErrTaken) {
		return ignore("a " + what + " of " + addr.String() + ", which this client doesn't hold")
	}
	return failed(err)
}

// hostName keeps what is printable of the name that a client gives itself.
func hostName(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}
