package dhcp

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// What can be wrong with a request for an address.
var (
	ErrExhausted = errors.New("the pool has no free address")
	ErrTaken     = errors.New("the address is not free for this client")
)

// How long an address is held without being leased.
const (
	offerTime   = time.Minute
	declineTime = 10 * time.Minute
)

// Leases is the state of one pool: which address is held by whom until when.
// It is a state machine over the clock value that each call is given; only
// bound and declined addresses go into the store. All methods may be used by
// several goroutines.
type Leases struct {
	pool  Pool
	store LeaseStore

	mu       sync.Mutex
	byAddr   map[netip.Addr]Lease
	byClient map[string]netip.Addr
	fresh    netip.Addr // where the search for an unused address goes on
}

// NewLeases checks the pool and takes up what the store knows about it.
func NewLeases(pool Pool, store LeaseStore) (*Leases, error) {
	if err := pool.Check(); err != nil {
		return nil, err
	}
	kept, err := store.All()
	if err != nil {
		return nil, fmt.Errorf("read the leases of pool %s: %w", pool, err)
	}
	l := &Leases{
		pool: pool, store: store, fresh: pool.First,
		byAddr: map[netip.Addr]Lease{}, byClient: map[string]netip.Addr{},
	}
	for _, lease := range kept {
		if pool.gives(lease.Addr) {
			l.set(lease)
		}
	}
	return l, nil
}

// Offer holds an address for a client: the one that it has or had, else the
// one that it wants, else a fresh one, else the one that expired first
// (RFC 2131 section 4.3.1). [ErrExhausted] if there is none.
func (l *Leases) Offer(now time.Time, client, mac string, want netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, err := l.choose(now, client, want)
	if err != nil {
		return Lease{}, err
	}
	lease := l.byAddr[addr]
	if lease.Client == client && lease.State == Bound && now.Before(lease.Expires) {
		return lease, nil
	}
	lease = Lease{Addr: addr, Client: client, MAC: mac, State: Offered, Expires: now.Add(offerTime)}
	l.set(lease)
	return lease, nil
}

func (l *Leases) choose(now time.Time, client string, want netip.Addr) (netip.Addr, error) {
	if addr, ok := l.byClient[client]; ok {
		return addr, nil
	}
	if l.pool.gives(want) && l.free(now, want) {
		return want, nil
	}
	for l.pool.inRange(l.fresh) {
		addr := l.fresh
		l.fresh = addr.Next()
		if _, used := l.byAddr[addr]; !used && l.pool.gives(addr) {
			return addr, nil
		}
	}
	return l.oldest(now)
}

// oldest is the address that expired first; equal ones in their order.
func (l *Leases) oldest(now time.Time) (netip.Addr, error) {
	var best Lease
	for addr, lease := range l.byAddr {
		if now.Before(lease.Expires) {
			continue
		}
		age := lease.Expires.Compare(best.Expires)
		if !best.Addr.IsValid() || age < 0 || age == 0 && addr.Less(best.Addr) {
			best = lease
		}
	}
	if !best.Addr.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: all of %s (%d addresses) are held; make it larger or the leases shorter",
			ErrExhausted, l.pool, l.pool.size())
	}
	return best.Addr, nil
}

func (l *Leases) free(now time.Time, addr netip.Addr) bool {
	lease, held := l.byAddr[addr]
	return !held || !now.Before(lease.Expires)
}

// Bind gives a client an address for the pool's lease time. It returns when
// the store has the lease, so that an ACK sent afterwards is never forgotten.
// [ErrTaken] if the address isn't the pool's to give or is held by another.
func (l *Leases) Bind(now time.Time, client, mac, host string, addr netip.Addr) (Lease, error) {
	lease := Lease{Addr: addr, Client: client, MAC: mac, Host: host, State: Bound, Expires: now.Add(l.pool.lease())}
	before, left, err := l.claim(now, lease)
	if err != nil {
		return Lease{}, err
	}
	// The store is written without the lock: it waits for a disk, and other
	// clients needn't.
	if err := l.store.Put(lease); err != nil {
		l.revert(lease, before)
		return Lease{}, fmt.Errorf("store the lease of %s: %w", addr, err)
	}
	if left.IsValid() {
		if err := l.store.Delete(left); err != nil {
			return Lease{}, fmt.Errorf("forget the lease of %s: %w", left, err)
		}
	}
	return lease, nil
}

// claim makes a lease. It returns what was there before, and the address that
// the client has left for this one.
func (l *Leases) claim(now time.Time, lease Lease) (before Lease, left netip.Addr, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.pool.gives(lease.Addr) {
		return Lease{}, left, fmt.Errorf("%w: %s is not in %s", ErrTaken, lease.Addr, l.pool)
	}
	before = l.byAddr[lease.Addr]
	if before.Client != lease.Client && !l.free(now, lease.Addr) {
		return Lease{}, left, fmt.Errorf("%w: %s is %s", ErrTaken, lease.Addr, before.State)
	}
	if old, had := l.byClient[lease.Client]; had && old != lease.Addr {
		if l.byAddr[old].State == Bound {
			left = old
		}
		l.drop(old)
	}
	l.set(lease)
	return before, left, nil
}

func (l *Leases) revert(lease, before Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byAddr[lease.Addr] != lease {
		return
	}
	l.drop(lease.Addr)
	if before.Addr.IsValid() {
		l.set(before)
	}
}

// Release ends a client's lease. The address is remembered as its last one.
func (l *Leases) Release(now time.Time, client string, addr netip.Addr) error {
	lease, ok := l.end(now, client, addr)
	if !ok {
		return fmt.Errorf("%w: %s", ErrTaken, addr)
	}
	return l.put(lease)
}

func (l *Leases) end(now time.Time, client string, addr netip.Addr) (Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, ok := l.byAddr[addr]
	if !ok || lease.Client != client || lease.State == Declined {
		return Lease{}, false
	}
	lease.Expires = now
	l.set(lease)
	return lease, true
}

// Decline takes an address out of use for a while, because the client saw
// somebody else use it (RFC 2131 section 4.3.3).
func (l *Leases) Decline(now time.Time, client string, addr netip.Addr) error {
	lease, ok := l.quarantine(now, client, addr)
	if !ok {
		return fmt.Errorf("%w: %s", ErrTaken, addr)
	}
	return l.put(lease)
}

func (l *Leases) quarantine(now time.Time, client string, addr netip.Addr) (Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byAddr[addr].Client != client || l.byClient[client] != addr {
		return Lease{}, false
	}
	l.drop(addr)
	lease := Lease{Addr: addr, State: Declined, Expires: now.Add(declineTime)}
	l.set(lease)
	return lease, true
}

func (l *Leases) put(lease Lease) error {
	if err := l.store.Put(lease); err != nil {
		return fmt.Errorf("store the lease of %s: %w", lease.Addr, err)
	}
	return nil
}

// Of is the address that a client holds or held last.
func (l *Leases) Of(client string) (Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, ok := l.byClient[client]
	return l.byAddr[addr], ok
}

// Forget gives up the offer that a client didn't take.
func (l *Leases) Forget(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if addr, ok := l.byClient[client]; ok && l.byAddr[addr].State == Offered {
		l.drop(addr)
	}
}

// set and drop keep both maps in step; the lock is held.
func (l *Leases) set(lease Lease) {
	l.drop(lease.Addr)
	l.byAddr[lease.Addr] = lease
	if lease.Client != "" {
		l.byClient[lease.Client] = lease.Addr
	}
}

func (l *Leases) drop(addr netip.Addr) {
	if was, ok := l.byAddr[addr]; ok && l.byClient[was.Client] == addr {
		delete(l.byClient, was.Client)
	}
	delete(l.byAddr, addr)
	if addr.Less(l.fresh) {
		l.fresh = addr
	}
}
