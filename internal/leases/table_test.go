package leases_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

var start = time.Unix(1_000_000_000, 0)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// pool is three addresses on the wire.
func pool() dhcp.Pool {
	return dhcp.Pool{Prefix: netip.MustParsePrefix("192.0.2.1/24"), First: addr("192.0.2.10"), Last: addr("192.0.2.12")}
}

func newLeases(t testing.TB, p dhcp.Pool, store leases.Store) *leases.Table {
	t.Helper()
	l, err := leases.New(p, store)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustOffer(t testing.TB, l *leases.Table, at time.Time, client string, want string) {
	t.Helper()
	got, err := l.Offer(at, leases.Holder{Client: client}, "", netip.Addr{})
	if err != nil || got.Addr.String() != want {
		t.Fatalf("%s was offered %s (%v), want %s", client, got.Addr, err, want)
	}
}

func mustBind(t testing.TB, l *leases.Table, at time.Time, client string, a string) {
	t.Helper()
	if _, err := l.Bind(at, leases.Holder{Client: client}, "", "", addr(a)); err != nil {
		t.Fatalf("%s: %v", client, err)
	}
}

func TestOffer(t *testing.T) {
	l := newLeases(t, pool(), &leases.MemoryStore{})
	mustOffer(t, l, start, "a", "192.0.2.10")
	mustOffer(t, l, start, "a", "192.0.2.10") // the same again
	if got, err := l.Offer(start, leases.Holder{Client: "b"}, "", addr("192.0.2.12")); err != nil || got.Addr != addr("192.0.2.12") {
		t.Errorf("a free address that is wanted: %v %v", got, err)
	}
	if got, err := l.Offer(start, leases.Holder{Client: "c"}, "", addr("192.0.2.12")); err != nil || got.Addr != addr("192.0.2.11") {
		t.Errorf("a held address that is wanted: %v %v", got, err)
	}
	if _, err := l.Offer(start, leases.Holder{Client: "d"}, "", netip.Addr{}); !errors.Is(err, leases.ErrExhausted) || !strings.Contains(err.Error(), "192.0.2.10-192.0.2.12") {
		t.Errorf("a full pool: %v", err)
	}
	// An offer that isn't taken ends after a minute.
	if _, err := l.Offer(start.Add(59*time.Second), leases.Holder{Client: "d"}, "", netip.Addr{}); err == nil {
		t.Error("an offer ended early")
	}
	mustOffer(t, l, start.Add(time.Minute), "d", "192.0.2.10")
}

func TestStable(t *testing.T) {
	l := newLeases(t, pool(), &leases.MemoryStore{})
	mustBind(t, l, start, "a", "192.0.2.11")
	mustBind(t, l, start.Add(time.Minute), "b", "192.0.2.10")
	later := start.Add(3 * time.Hour)
	mustOffer(t, l, later, "a", "192.0.2.11")                    // long expired, still its own
	mustOffer(t, l, later, "c", "192.0.2.12")                    // fresh before expired
	mustOffer(t, l, later, "d", "192.0.2.10")                    // the only expired one
	mustOffer(t, l, later.Add(2*time.Minute), "b", "192.0.2.10") // d never took it
}

func TestReuseOldestFirst(t *testing.T) {
	l := newLeases(t, pool(), &leases.MemoryStore{})
	for i, a := range []string{"192.0.2.11", "192.0.2.12", "192.0.2.10"} {
		mustBind(t, l, start.Add(time.Duration(i)*time.Minute), fmt.Sprint(i), a)
	}
	later := start.Add(5 * time.Hour)
	mustOffer(t, l, later, "x", "192.0.2.11")
	mustOffer(t, l, later, "y", "192.0.2.12")
	mustOffer(t, l, later, "z", "192.0.2.10")
}

func TestBind(t *testing.T) {
	store := &leases.MemoryStore{}
	l := newLeases(t, pool(), store)
	mustBind(t, l, start, "a", "192.0.2.10")
	for _, a := range []string{"192.0.2.10", "192.0.2.9", "192.0.2.1"} {
		if _, err := l.Bind(start, leases.Holder{Client: "b"}, "", "", addr(a)); !errors.Is(err, leases.ErrTaken) {
			t.Errorf("%s: %v", a, err)
		}
	}
	// A client has one address: the old one is given up, in the store too.
	mustBind(t, l, start, "a", "192.0.2.12")
	if all, _ := store.All(); len(all) != 1 || all[0].Addr != addr("192.0.2.12") {
		t.Errorf("store: %v", all)
	}
	mustBind(t, l, start, "b", "192.0.2.10")
}

func TestReleaseAndDecline(t *testing.T) {
	store := &leases.MemoryStore{}
	l := newLeases(t, pool(), store)
	mustBind(t, l, start, "a", "192.0.2.10")
	if err := l.Release(start, leases.Holder{Client: "b"}, addr("192.0.2.10")); !errors.Is(err, leases.ErrTaken) {
		t.Errorf("another's lease: %v", err)
	}
	if err := l.Release(start, leases.Holder{Client: "a"}, addr("192.0.2.10")); err != nil {
		t.Error(err)
	}
	mustOffer(t, l, start, "a", "192.0.2.10") // remembered
	mustBind(t, l, start, "a", "192.0.2.10")
	if err := l.Decline(start, leases.Holder{Client: "b"}, addr("192.0.2.10")); !errors.Is(err, leases.ErrTaken) {
		t.Errorf("another's lease: %v", err)
	}
	if err := l.Decline(start, leases.Holder{Client: "a"}, addr("192.0.2.10")); err != nil {
		t.Error(err)
	}
	mustOffer(t, l, start, "a", "192.0.2.11")
	mustOffer(t, l, start, "b", "192.0.2.12")
	if _, err := l.Offer(start, leases.Holder{Client: "c"}, "", addr("192.0.2.10")); !errors.Is(err, leases.ErrExhausted) {
		t.Errorf("a declined address: %v", err)
	}
	if err := l.Decline(start, leases.Holder{Client: ""}, addr("192.0.2.10")); !errors.Is(err, leases.ErrTaken) {
		t.Errorf("declined twice: %v", err)
	}
	mustOffer(t, newLeases(t, pool(), store), start, "c", "192.0.2.11") // after a restart too
}

// TestOwnAddresses gives this host addresses of the pool while it serves.
func TestOwnAddresses(t *testing.T) {
	l := newLeases(t, pool(), &leases.MemoryStore{})
	mustBind(t, l, start, "a", "192.0.2.10")
	l.Own([]netip.Addr{addr("192.0.2.10"), addr("192.0.2.11")})
	mustOffer(t, l, start, "a", "192.0.2.12")
	if _, err := l.Bind(start, leases.Holder{Client: "b"}, "", "", addr("192.0.2.11")); !errors.Is(err, leases.ErrTaken) {
		t.Errorf("our address is given away: %v", err)
	}
	if got, err := l.Offer(start.Add(2*time.Hour), leases.Holder{Client: "b"}, "", addr("192.0.2.10")); err != nil || got.Addr != addr("192.0.2.12") {
		t.Errorf("offered %v, %v", got.Addr, err)
	}
	l.Own(nil)
	mustOffer(t, l, start, "c", "192.0.2.11")
}

func TestRestart(t *testing.T) {
	store := &leases.MemoryStore{}
	mustBind(t, newLeases(t, pool(), store), start, "a", "192.0.2.11")
	l := newLeases(t, pool(), store)
	mustOffer(t, l, start, "b", "192.0.2.10")
	mustOffer(t, l, start, "a", "192.0.2.11")
	if got, ok := l.Of(leases.Holder{Client: "a"}); !ok || got.State != leases.Bound {
		t.Errorf("got %v %v", got, ok)
	}
}

// broken is a store whose disk is full.
type broken struct{ leases.MemoryStore }

var errDisk = errors.New("disk full")

func (*broken) Put(leases.Lease, netip.Addr) error { return errDisk }

func TestBrokenStore(t *testing.T) {
	l := newLeases(t, pool(), &broken{})
	mustOffer(t, l, start, "a", "192.0.2.10")
	if _, err := l.Bind(start, leases.Holder{Client: "a"}, "", "", addr("192.0.2.10")); !errors.Is(err, errDisk) {
		t.Fatalf("got %v", err)
	}
	if got, _ := l.Of(leases.Holder{Client: "a"}); got.State != leases.Offered {
		t.Errorf("a lease that wasn't stored: %v", got)
	}
}

// TestNeverShare drives a pool at random: no two clients may ever be
// bound to one address at one time, in memory or in the store.
func TestNeverShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := &leases.MemoryStore{}
		l, err := leases.New(pool(), store)
		if err != nil {
			t.Fatal(err)
		}
		now := start
		held := map[netip.Addr]leases.Lease{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute / 3)
			client := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "client")
			at := addr(fmt.Sprintf("192.0.2.%d", rapid.IntRange(9, 13).Draw(t, "addr")))
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				if got, err := l.Offer(now, leases.Holder{Client: client}, "", at); err == nil {
					if h := held[got.Addr]; h.Client != client && now.Before(h.Expires) {
						t.Fatalf("%s is offered %s, which %s holds", client, got.Addr, h.Client)
					}
				}
			case 1:
				got, err := l.Bind(now, leases.Holder{Client: client}, "", "", at)
				if h := held[at]; err == nil && h.Client != client && now.Before(h.Expires) {
					t.Fatalf("%s got %s, which %s holds", client, at, h.Client)
				}
				if err == nil {
					for a, h := range held {
						if h.Client == client {
							delete(held, a)
						}
					}
					held[at] = got
				}
			case 2:
				if l.Release(now, leases.Holder{Client: client}, at) == nil {
					delete(held, at)
				}
			case 3:
				if l.Decline(now, leases.Holder{Client: client}, at) == nil {
					delete(held, at)
				}
			case 4:
				if l, err = leases.New(pool(), store); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
