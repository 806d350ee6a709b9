package dhcp6

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/leases"
)

// Step says what a [Server] did with a request.
type Step string

// The steps. A request that is ignored or failed has no reply, and a reason.
const (
	StepAdvertise Step = "advertise"
	StepReply     Step = "reply"   // with addresses
	StepInform    Step = "inform"  // a REPLY that has nothing to do with addresses
	StepRefuse    Step = "refuse"  // a REPLY that says which addresses the client can't have
	StepConfirm   Step = "confirm" // the client's addresses are right for its network
	StepDecline   Step = "decline"
	StepRelease   Step = "release"
	StepIgnored   Step = "ignored"
	StepExhaust   Step = "exhausted" // the reply says so
	StepFailed    Step = "failed"    // the store's error
)

// Outcome is what happened to a request, for logs and the timeline.
type Outcome struct {
	Step   Step
	Addr   netip.Addr // the first address that it was about
	Ours   netip.Addr // the address of ours by which the client reaches us
	Reason string     // why, in words; empty when all is well
	Err    error      // of [StepExhaust] and [StepFailed]
}

// Server gives addresses by RFC 8415 section 18.3. It has no sockets and no
// clock; only its lease store does I/O. Handle may be called concurrently.
type Server struct {
	id            dhcpv6.DUID
	networks      []network
	authoritative bool
	reserved      func(Request) netip.Addr
}

type network struct {
	pool   Pool
	leases *leases.Table
}

// ServerConfig is what a [Server] is made from.
type ServerConfig struct {
	// ID is the server's identifier; see [ServerID].
	ID    dhcpv6.DUID
	Pools []Pool
	Store leases.Store
	// Authoritative says that no other server gives addresses on these networks.
	// Clients are then told not to wait for one (preference 255, which saves
	// edk2 four seconds), and get their address at once where they ask for that
	// (rapid commit).
	Authoritative bool
	// Reserved says which address a machine is to have, or the zero value; nil
	// is none for all. It should be excluded from the pool, or lie outside of its
	// range: inside, others may have it for the time until its owner comes.
	Reserved func(Request) netip.Addr
}

// NewServer checks the pools and takes up the leases of the store.
func NewServer(c ServerConfig) (*Server, error) {
	if len(c.Pools) == 0 {
		return nil, errors.New("a DHCPv6 server needs a pool of addresses")
	}
	s := &Server{id: c.ID, authoritative: c.Authoritative, reserved: c.Reserved}
	for _, p := range c.Pools {
		for _, other := range s.networks {
			if p.Prefix.Overlaps(other.pool.Prefix) {
				return nil, fmt.Errorf("pools %s and %s are in one network; give each network one pool", other.pool, p)
			}
		}
		table, err := leases.New(p, c.Store)
		if err != nil {
			return nil, err
		}
		s.networks = append(s.networks, network{p, table})
	}
	return s, nil
}

// Pools are those that the server gives addresses from.
func (s *Server) Pools() []Pool {
	pools := make([]Pool, len(s.networks))
	for i, n := range s.networks {
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
	for _, n := range s.networks {
		n.leases.Own(own)
	}
}

// Handle decides on a request. The reply is nil where none is to be sent.
func (s *Server) Handle(now time.Time, p Packet) (*dhcpv6.Message, Outcome) {
	if p.Port != ServerPort {
		return ignore("port 4011 gives no addresses")
	}
	if reason := s.misdirected(p); reason != "" {
		return ignore(reason)
	}
	n, ok := s.network(p)
	if !ok {
		return ignore("no pool for the network of " + where(p))
	}
	x := exchange{Server: s, network: n, now: now, packet: p, request: Read(p)}
	reply, out := x.handle()
	if out.Step == StepIgnored || out.Step == StepFailed {
		reply = nil
	}
	out.Ours = n.ours(p)
	return reply, out
}

// misdirected says why a message is not for us, or not one (RFC 8415 sections
// 16.2 to 16.12).
func (s *Server) misdirected(p Packet) string {
	kind, id := p.Message.MessageType, p.Message.Options.ServerID()
	if p.To.IsValid() && !p.To.IsMulticast() && len(p.Relays) == 0 {
		return fmt.Sprintf("a %s by unicast, which no client was allowed", kind)
	}
	switch kind {
	case dhcpv6.MessageTypeSolicit, dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeRebind:
		if id != nil {
			return fmt.Sprintf("a %s that names a server", kind)
		}
	case dhcpv6.MessageTypeInformationRequest:
		if len(p.Message.Options.IANA()) > 0 {
			return "an INFORMATION-REQUEST that asks for an address"
		}
		if id == nil {
			return ""
		}
		fallthrough
	default:
		if id == nil || !id.Equal(s.id) {
			s.forget(p)
			return fmt.Sprintf("the %s is for another server", kind)
		}
	}
	return ""
}

// forget gives up what a client was offered that has chosen another server.
func (s *Server) forget(p Packet) {
	if p.Message.MessageType != dhcpv6.MessageTypeRequest {
		return
	}
	client := ClientKey(p.Message.Options.ClientID().ToBytes())
	for _, n := range s.networks {
		for _, ia := range associations(p.Message) {
			n.leases.Forget(leases.Holder{Client: client, ID: ia.id})
		}
	}
}

// network chooses the pool: by the network that a relay names, or by the
// addresses of the interface.
func (s *Server) network(p Packet) (network, bool) {
	for _, a := range selectors(p) {
		for _, n := range s.networks {
			if n.pool.Prefix.Contains(a) {
				return n, true
			}
		}
	}
	return network{}, false
}

// selectors are addresses on the client's network.
func selectors(p Packet) []netip.Addr {
	if a := p.Link(); a.IsValid() {
		return []netip.Addr{a}
	}
	var addrs []netip.Addr
	for _, prefix := range p.Interface.Addrs {
		addrs = append(addrs, prefix.Addr())
	}
	return addrs
}

// where is the client's network, and what to do about it that it has no pool.
func where(p Packet) string {
	var all []string
	for _, a := range selectors(p) {
		all = append(all, a.String())
	}
	switch text := strings.Join(all, ", "); {
	case len(all) == 0:
		return "interface " + p.Interface.Name + ", which has a link-local address only"
	case p.Link().IsValid():
		return text + "; add --pool A-B/64 with addresses of that network"
	default:
		return text + "; add --pool " + p.Interface.Addrs[0].Masked().String()
	}
}

// ours is the address of ours on the pool's network, else the packet's.
func (n network) ours(p Packet) netip.Addr {
	at := slices.IndexFunc(p.Interface.Addrs, func(a netip.Prefix) bool { return n.pool.Prefix.Contains(a.Addr()) })
	if at < 0 || p.Relay().IsValid() {
		return p.Server
	}
	return p.Interface.Addrs[at].Addr()
}

func ignore(reason string) (*dhcpv6.Message, Outcome) {
	return nil, Outcome{Step: StepIgnored, Reason: reason}
}
