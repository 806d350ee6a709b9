package dhcp6_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/leases"
)

// slow is a store that gives others their turn while it writes, and holds that
// no address is written twice at a time.
type slow struct {
	leases.MemoryStore
	mu   sync.Mutex
	busy map[netip.Addr]bool
	t    *testing.T
}

func (s *slow) Put(l leases.Lease, left netip.Addr) error {
	s.mark(l.Addr, true)
	time.Sleep(time.Millisecond)
	err := s.MemoryStore.Put(l, left)
	s.mark(l.Addr, false)
	return err
}

func (s *slow) mark(a netip.Addr, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if busy && s.busy[a] {
		s.t.Errorf("%s is written twice at a time", a)
	}
	s.busy[a] = busy
}

// TestCrowd: many clients that take, renew and release addresses of a
// pool that is too small for them never have one together, and the store has
// what the clients were told.
func TestCrowd(t *testing.T) {
	store := &slow{busy: map[netip.Addr]bool{}, t: t}
	s := newServer(t, dhcp6.ServerConfig{Store: store}, pool("fd77::/64", "fd77::100", "fd77::110"))
	var mu sync.Mutex
	holders := map[string]byte{}
	change := func(addr string, from, to byte) {
		mu.Lock()
		defer mu.Unlock()
		if has := holders[addr]; has != from {
			t.Errorf("%s is of client %d, and goes from %d to %d", addr, has, from, to)
		}
		holders[addr] = to
	}
	var all sync.WaitGroup
	for n := byte(1); n <= 24; n++ {
		all.Go(func() {
			for round := range byte(20) {
				reply, out := s.Handle(noon, heard(message(dhcpv6.MessageTypeRequest, n, toUs(), association(round))))
				if out.Step != dhcp6.StepReply {
					continue // the pool is empty
				}
				addrs, _ := given(t, reply)
				change(addrs[0], 0, n)
				var renewals sync.WaitGroup
				for range 3 {
					renewals.Go(func() {
						if _, out := s.Handle(noon, heard(message(dhcpv6.MessageTypeRenew, n, toUs(), association(round, addrs[0])))); out.Step != dhcp6.StepReply {
							t.Errorf("renewal: %+v", out)
						}
					})
				}
				renewals.Wait()
				change(addrs[0], n, 0)
				s.Handle(noon, heard(message(dhcpv6.MessageTypeRelease, n, toUs(), association(round, addrs[0]))))
			}
		})
	}
	all.Wait()
	kept, err := store.All()
	if err != nil || len(kept) == 0 || len(kept) > 17 {
		t.Errorf("%d leases are kept, %v", len(kept), err)
	}
}

// TestKeptLeases: the store's leases are taken up, and what it says wrong is an
// error that names the pool.
func TestKeptLeases(t *testing.T) {
	_, err := dhcp6.NewServer(dhcp6.ServerConfig{ID: serverID, Store: unreadable{}, Pools: []dhcp6.Pool{small()}})
	if err == nil || fmt.Sprint(err) != "read the leases of pool fd77::100-fd77::103: no disk" {
		t.Error(err)
	}
}

type unreadable struct{ leases.Store }

func (unreadable) All() ([]leases.Lease, error) { return nil, fmt.Errorf("no disk") }

// held is a store that has somebody wait.
type held struct {
	leases.MemoryStore
	began, end chan struct{}
}

func (h *held) Put(l leases.Lease, left netip.Addr) error {
	h.began <- struct{}{}
	<-h.end
	return h.MemoryStore.Put(l, left)
}

// TestWhileWriting: an address that ended, and is being given to its client
// again, is not another one's meanwhile.
func TestWhileWriting(t *testing.T) {
	store := &held{began: make(chan struct{}, 9), end: make(chan struct{}, 9)}
	s := newServer(t, dhcp6.ServerConfig{Store: store}, pool("fd77::/64", "fd77::100", "fd77::100"))
	store.end <- struct{}{}
	addr := lease(t, s, 1, 1)
	<-store.began
	var renewal sync.WaitGroup
	later := noon.Add(2 * time.Hour)
	renewal.Go(func() {
		askAt(t, s, later, heard(message(dhcpv6.MessageTypeRenew, 1, toUs(), association(1, addr))), dhcp6.StepReply)
	})
	<-store.began
	_, out := s.Handle(later, heard(message(dhcpv6.MessageTypeSolicit, 2, association(1))))
	store.end <- struct{}{}
	renewal.Wait()
	if out.Step != dhcp6.StepExhaust {
		t.Errorf("another client: %+v", out)
	}
}
