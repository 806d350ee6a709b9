package leases_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/leases"
)

// slowStore holds back the first change that slow chooses, like a disk that takes
// its time for one of two writes.
type slowStore struct {
	leases.MemoryStore
	slow    func(leases.Lease, netip.Addr) bool
	arrived chan struct{}
	goOn    chan struct{}
	once    sync.Once
}

func newSlowStore(slow func(l leases.Lease, left netip.Addr) bool) *slowStore {
	return &slowStore{slow: slow, arrived: make(chan struct{}), goOn: make(chan struct{})}
}

func (s *slowStore) Put(l leases.Lease, left netip.Addr) error {
	if s.slow(l, left) {
		s.once.Do(func() {
			close(s.arrived)
			<-s.goOn
		})
	}
	return s.MemoryStore.Put(l, left)
}

func TestNotErasedByAnother(t *testing.T) {
	moves := func(l *leases.Table) error {
		_, err := l.Bind(start, leases.Holder{Client: "a"}, "", "", addr("192.0.2.11"))
		return err
	}
	releases := func(l *leases.Table) error { return l.Release(start, leases.Holder{Client: "a"}, addr("192.0.2.10")) }
	for name, c := range map[string]struct {
		leave func(*leases.Table) error
		slow  func(leases.Lease, netip.Addr) bool
	}{
		"moves":    {moves, func(_ leases.Lease, left netip.Addr) bool { return left == addr("192.0.2.10") }},
		"releases": {releases, func(l leases.Lease, _ netip.Addr) bool { return l.Client == "a" && l.Expires.Equal(start) }},
	} {
		t.Run(name, func(t *testing.T) {
			store := newSlowStore(c.slow)
			l := newLeases(t, pool(), store)
			mustBind(t, l, start, "a", "192.0.2.10")
			var work sync.WaitGroup
			work.Go(func() {
				if err := c.leave(l); err != nil {
					t.Error(err)
				}
			})
			<-store.arrived
			acknowledged := make(chan error, 1)
			work.Go(func() {
				_, err := l.Bind(start, leases.Holder{Client: "b"}, "", "", addr("192.0.2.10"))
				acknowledged <- err
			})
			// The other client either waits for the store, or has the lease now.
			select {
			case err := <-acknowledged:
				acknowledged <- err
			case <-time.After(time.Second / 2):
			}
			close(store.goOn)
			work.Wait()
			if err := <-acknowledged; err != nil {
				t.Fatal(err)
			}
			after := newLeases(t, pool(), store)
			if got, ok := after.Of(leases.Holder{Client: "b"}); !ok || got.Addr != addr("192.0.2.10") || got.State != leases.Bound {
				t.Errorf("after a restart b has %+v, %v", got, ok)
			}
			if got, err := after.Offer(start, leases.Holder{Client: "c"}, "", addr("192.0.2.10")); err != nil || got.Addr == addr("192.0.2.10") {
				t.Errorf("after a restart the address of b is given to another: %v, %v", got, err)
			}
		})
	}
}

// jitter is a store whose writes overtake each other.
type jitter struct{ leases.MemoryStore }

func (s *jitter) Put(l leases.Lease, left netip.Addr) error {
	time.Sleep(time.Duration(rand.IntN(100)) * time.Microsecond)
	return s.MemoryStore.Put(l, left)
}

// TestCrowd lets clients take, leave and give back the addresses of a
// small pool all at once: whoever was told last that it has one has it after
// a restart, and nobody else.
func TestCrowd(t *testing.T) {
	store := &jitter{}
	p := pool()
	p.Last = addr("192.0.2.15")
	l := newLeases(t, p, store)
	const clients = 8
	told := [clients]netip.Addr{}
	var work sync.WaitGroup
	for c := range clients {
		work.Go(func() {
			name := fmt.Sprint(c)
			for range 200 {
				want := addr(fmt.Sprintf("192.0.2.%d", 10+rand.IntN(6)))
				if got, err := l.Bind(start, leases.Holder{Client: name}, "", "", want); err == nil {
					told[c] = got.Addr
				}
				if _, err := l.Offer(start, leases.Holder{Client: name}, "", want); err != nil && !errors.Is(err, leases.ErrExhausted) {
					t.Error(err)
				}
				if rand.IntN(3) == 0 && told[c].IsValid() {
					if err := l.Release(start, leases.Holder{Client: name}, told[c]); err != nil {
						t.Error(err)
					}
					told[c] = netip.Addr{}
				}
			}
		})
	}
	work.Wait()
	kept, _ := store.All()
	bound := map[string]netip.Addr{}
	for _, lease := range kept {
		if start.Before(lease.Expires) {
			bound[lease.Client] = lease.Addr
		}
	}
	for c, at := range told {
		if bound[fmt.Sprint(c)] != at {
			t.Errorf("client %d was told %v, the store has %v", c, at, bound[fmt.Sprint(c)])
		}
	}
}
