package leases

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// State says what an address is held for.
type State string

// The states of an address. One without a Lease is free.
const (
	Offered  State = "offered"  // held for a REQUEST that may come
	Bound    State = "bound"    // the client was told that it may use it
	Declined State = "declined" // somebody else was seen using it
)

// Holder is who holds an address: a client or, by DHCPv6, one identity association
// of a client (RFC 8415 section 12).
type Holder struct {
	// Client is how a server tells clients apart.
	Client string `json:"client"`
	// ID is the IAID. A machine has one for each program that asks: edk2's IPv6
	// stack and its boot driver take new ones for each attempt. DHCPv4 has none.
	ID uint32 `json:"iaid,omitempty"`
}

// Lease is one address and who holds it.
type Lease struct {
	Addr netip.Addr `json:"addr"`
	Holder
	MAC   string `json:"mac,omitempty"`
	Host  string `json:"host,omitempty"`
	State State  `json:"state"`
	// Expires is when the address may be given to another client.
	Expires time.Time `json:"expires"`
}

// Store keeps leases over a restart.
type Store interface {
	// Put keeps a lease and, where left is valid, forgets that of the address
	// that its client has left for it: both in one transaction. It must not
	// return before that is safe, because the client is told only then.
	Put(l Lease, left netip.Addr) error
	All() ([]Lease, error)
}

// MemoryStore is a [Store] for a server that lives as long as a command.
// The zero value is ready.
type MemoryStore struct {
	mu     sync.Mutex
	leases map[netip.Addr]Lease
}

// Put keeps a lease in place of that of the address left.
func (s *MemoryStore) Put(l Lease, left netip.Addr) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases == nil {
		s.leases = map[netip.Addr]Lease{}
	}
	delete(s.leases, left)
	s.leases[l.Addr] = l
	return nil
}

// All lists the leases in the order of their addresses.
func (s *MemoryStore) All() ([]Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Lease, 0, len(s.leases))
	for _, l := range s.leases {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Lease) int { return a.Addr.Compare(b.Addr) })
	return all, nil
}

// Pool is the addresses that a Table gives, of either family.
type Pool interface {
	Check() error
	Start() netip.Addr // the first of the range
	InRange(netip.Addr) bool
	// Gives tells whether an address of the range may be given to anybody, Keeps
	// whether a lease of it may be kept, which a reserved one outside may be.
	Gives(netip.Addr) bool
	Keeps(netip.Addr) bool
	Size() int
	Lease() time.Duration // how long a client may use an address
	String() string
}
