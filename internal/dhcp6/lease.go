package dhcp6

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// LeaseState says what an address is held for.
type LeaseState string

// The states of an address. One without a Lease is free.
const (
	Offered  LeaseState = "offered"  // held for a REQUEST that may come
	Bound    LeaseState = "bound"    // the client was told that it may use it
	Declined LeaseState = "declined" // somebody else was seen using it
)

// IA is who holds an address: one identity association of a client (RFC 8415
// section 12).
type IA struct {
	// Client is the DUID in hexadecimal; see [ClientKey].
	Client string `json:"client"`
	// ID is the IAID. A machine has one for each program that asks: edk2's IPv6
	// stack and its boot driver take new ones for each attempt.
	ID uint32 `json:"iaid"`
}

// ClientKey is how a server tells clients apart.
func ClientKey(duid []byte) string { return hex.EncodeToString(duid) }

// Lease is one address and who holds it.
type Lease struct {
	Addr netip.Addr `json:"addr"`
	IA
	MAC   string     `json:"mac,omitempty"`
	State LeaseState `json:"state"`
	// Expires is when the address may be given to another client.
	Expires time.Time `json:"expires"`
}

// LeaseStore keeps leases over a restart.
type LeaseStore interface {
	// Put keeps a lease and, where left is valid, forgets that of the address
	// that its client has left for it: both in one transaction. It must not
	// return before that is safe, because the client is told only then.
	Put(l Lease, left netip.Addr) error
	All() ([]Lease, error)
}

// MemoryStore is a [LeaseStore] for a server that lives as long as a command.
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
