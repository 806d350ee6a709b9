package dhcp

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// LeaseState says what an address is held for.
type LeaseState string

// The states of an address. One without a Lease is free.
const (
	Offered  LeaseState = "offered"  // held for a REQUEST that may come
	Bound    LeaseState = "bound"    // the client was told that it may use it
	Declined LeaseState = "declined" // somebody else was seen using it
)

// Lease is one address and who holds it.
type Lease struct {
	Addr netip.Addr `json:"addr"`
	// Client is the key of the holder, made by [ClientKey].
	Client string     `json:"client"`
	MAC    string     `json:"mac,omitempty"`
	Host   string     `json:"host,omitempty"`
	State  LeaseState `json:"state"`
	// Expires is when the address may be given to another client.
	Expires time.Time `json:"expires"`
}

// ClientKey is how a server tells clients apart (RFC 2131 section 4.2): by
// option 61 if it was sent, else by hardware type and address. The latter is
// what many clients send as option 61 (RFC 2132 section 9.14), and both are one
// key: edk2 sends none, the iPXE that it loads and busybox in the initrd after
// it do, and a machine keeps its address through its boot. It is empty for a
// client that says nothing about itself.
func ClientKey(m *dhcpv4.DHCPv4) string {
	id := m.Options.Get(dhcpv4.OptionClientIdentifier)
	if len(id) == 0 && len(m.ClientHWAddr) > 0 {
		id = append([]byte{byte(m.HWType)}, m.ClientHWAddr...)
	}
	return hex.EncodeToString(id)
}

// LeaseStore keeps leases over a restart.
type LeaseStore interface {
	// Put keeps a lease and, where left is valid, forgets that of the address
	// that its client has left for it: both in one transaction. It must not
	// return before that is safe, because the client is told only then (RFC 2131
	// section 4.3.2).
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
