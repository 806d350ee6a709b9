package dhcp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/leases"
)

// Step says what a [Server] did with a request.
type Step string

// The steps. A request that is ignored or failed has no reply, and a reason.
const (
	StepOffer   Step = "offer"
	StepAck     Step = "ack"
	StepNak     Step = "nak"
	StepInform  Step = "inform"  // an ACK without an address
	StepDecline Step = "decline" // no reply
	StepRelease Step = "release" // no reply
	StepIgnored Step = "ignored"
	StepExhaust Step = "exhausted"
	StepFailed  Step = "failed" // the store's error
)

// Outcome is what happened to a request, for logs and the timeline.
type Outcome struct {
	Step   Step
	Addr   netip.Addr // the address that it was about
	Ours   netip.Addr // the address of ours by which the client reaches us
	Reason string     // why, in words; empty when all is well
	Err    error      // of [StepExhaust] and [StepFailed]
}

// Server gives addresses by RFC 2131 section 4.3. It has no sockets and no
// clock; only its lease store does I/O. Handle may be called concurrently.
type Server struct {
	subnets       []subnet
	authoritative bool
}

type subnet struct {
	pool   Pool
	leases *leases.Table
}

// ServerConfig is what a [Server] is made from.
type ServerConfig struct {
	Pools []Pool
	Store leases.Store
	// Authoritative says that no other server gives addresses on these
	// networks: a client that comes back with an address nobody remembers gets
	// it, or a NAK, at once. Without it RFC 2131 section 4.3.2 wants silence.
	Authoritative bool
}

// NewServer checks the pools and takes up the leases of the store.
func NewServer(c ServerConfig) (*Server, error) {
	if len(c.Pools) == 0 {
		return nil, errors.New("a DHCP server needs a pool of addresses: --pool A-B")
	}
	s := &Server{authoritative: c.Authoritative}
	for _, p := range c.Pools {
		for _, other := range s.subnets {
			if p.Prefix.Overlaps(other.pool.Prefix) {
				return nil, fmt.Errorf("pools %s and %s are in one subnet; give each subnet one pool", other.pool, p)
			}
		}
		table, err := leases.New(p, c.Store)
		if err != nil {
			return nil, err
		}
		s.subnets = append(s.subnets, subnet{p, table})
	}
	return s, nil
}

// Pools are those that the server gives addresses from.
func (s *Server) Pools() []Pool {
	pools := make([]Pool, len(s.subnets))
	for i, n := range s.subnets {
		pools[i] = n.pool
	}
	return pools
}

// Own says which addresses this host has on its interfaces now: no client gets
// one of them.
func (s *Server) Own(interfaces []Interface) {
	var own []netip.Addr
	for _, i := range interfaces {
		for _, p := range i.Addrs {
			own = append(own, p.Addr())
		}
	}
	for _, n := range s.subnets {
		n.leases.Own(own)
	}
}

// Handle decides on a request. The reply is nil where none is to be sent.
func (s *Server) Handle(now time.Time, p Packet) (*dhcpv4.DHCPv4, Outcome) {
	if p.Message.MessageType() == dhcpv4.MessageTypeNone {
		return ignore("BOOTP without DHCP (no option 53)")
	}
	if p.Port == BootPort {
		return ignore("port 4011 gives no addresses")
	}
	if !p.Server.IsValid() {
		return ignore("the interface has no address")
	}
	if ClientKey(p.Message) == "" {
		return ignore("neither a hardware address nor a client identifier (option 61)")
	}
	n, ok := s.subnet(p)
	if !ok {
		return ignore("no pool for this network (" + s.where(p) + "); add " + s.lacking(p))
	}
	p.Server = p.ServerFor(n.pool.First)
	reply, outcome := s.answer(now, n, p)
	outcome.Ours = p.Server
	return reply, outcome
}

func (s *Server) answer(now time.Time, n subnet, p Packet) (*dhcpv4.DHCPv4, Outcome) {
	switch kind := p.Message.MessageType(); kind {
	case dhcpv4.MessageTypeDiscover:
		return n.discover(now, p)
	case dhcpv4.MessageTypeRequest:
		return s.request(now, n, p)
	case dhcpv4.MessageTypeDecline:
		return n.decline(now, p)
	case dhcpv4.MessageTypeRelease:
		return n.release(now, p)
	case dhcpv4.MessageTypeInform:
		reply := newReply(p, dhcpv4.MessageTypeAck)
		n.pool.describe(reply)
		return reply, Outcome{Step: StepInform, Addr: known(p)}
	default:
		return ignore("a " + kind.String() + " is no client's message")
	}
}

// subnet chooses the pool: by the relay's choice (RFC 3527, RFC 3011), the
// relay's own address, the client's address, or the interface.
func (s *Server) subnet(p Packet) (subnet, bool) {
	for _, a := range s.selectors(p) {
		for _, n := range s.subnets {
			if n.pool.Prefix.Contains(a) {
				return n, true
			}
		}
	}
	return subnet{}, false
}

// selectors are the addresses that say which network a client is on, the most
// telling only: one that fits no pool must not be overruled by the next. On the
// wire of an interface with several networks they come in the order in which
// their pools are tried.
func (s *Server) selectors(p Packet) []netip.Addr {
	if a := linkSelection(p.Message); a.IsValid() {
		return []netip.Addr{a}
	}
	if a := p.Relay(); a.IsValid() {
		return []netip.Addr{a}
	}
	if a := addrOf(p.Message.ClientIPAddr); a.IsValid() && !p.Interface.OnLink(a) {
		return []netip.Addr{a}
	}
	var addrs []netip.Addr
	for _, a := range []netip.Addr{addrOf(p.Message.ClientIPAddr), addrOf(p.Message.RequestedIPAddress())} {
		if a.IsValid() && p.Interface.OnLink(a) {
			addrs = append(addrs, a)
		}
	}
	for _, n := range s.subnets {
		if lease, ok := n.leases.Of(clientOf(p.Message)); ok && p.Interface.OnLink(lease.Addr) {
			addrs = append(addrs, lease.Addr)
		}
	}
	for _, prefix := range p.Interface.Addrs {
		addrs = append(addrs, prefix.Addr())
	}
	return addrs
}

func (s *Server) where(p Packet) string {
	var all []string
	for _, a := range s.selectors(p) {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}

// lacking is the flag that gives a client's network a pool.
func (s *Server) lacking(p Packet) string {
	for _, a := range s.selectors(p) {
		for _, prefix := range p.Interface.Addrs {
			if prefix.Contains(a) {
				return "--pool " + prefix.Masked().String()
			}
		}
	}
	return "--pool A-B/24 with addresses of that network"
}

func ignore(reason string) (*dhcpv4.DHCPv4, Outcome) {
	return nil, Outcome{Step: StepIgnored, Reason: reason}
}

func failed(err error) (*dhcpv4.DHCPv4, Outcome) {
	step := StepFailed
	if errors.Is(err, leases.ErrExhausted) {
		step = StepExhaust
	}
	return nil, Outcome{Step: step, Reason: err.Error(), Err: err}
}

// ours tells whether a server identifier is one that this server sends.
func ours(p Packet, id netip.Addr) bool {
	return id == p.identifier() || id == p.Server || slices.ContainsFunc(p.Interface.Addrs, func(a netip.Prefix) bool { return a.Addr() == id })
}
