package dhcp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
//
// The store is written without the lock, because it waits for a disk and other
// clients needn't. What is being written is guarded by its addresses: nobody
// else gets or changes them until the store has them, so that what one client
// leaves never undoes what the next one was given.
type Leases struct {
	pool  Pool
	store LeaseStore

	mu       sync.Mutex
	byAddr   map[netip.Addr]Lease
	byClient map[string]netip.Addr
	fresh    netip.Addr   // where the search for an unused address goes on
	own      []netip.Addr // this host's, which no client gets
	writing  map[netip.Addr]bool
	written  *sync.Cond // of mu: a write is over
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
		byAddr: map[netip.Addr]Lease{}, byClient: map[string]netip.Addr{}, writing: map[netip.Addr]bool{},
	}
	l.written = sync.NewCond(&l.mu)
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
	for l.writing[l.byClient[client]] {
		l.written.Wait()
	}
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
	if addr, ok := l.byClient[client]; ok && l.gives(addr) {
		return addr, nil
	}
	if l.gives(want) && l.free(now, want) {
		return want, nil
	}
	for l.pool.inRange(l.fresh) {
		addr := l.fresh
		l.fresh = addr.Next()
		if _, used := l.byAddr[addr]; !used && l.gives(addr) && !l.writing[addr] {
			return addr, nil
		}
	}
	return l.oldest(now)
}

// oldest is the address that expired first; equal ones in their order.
func (l *Leases) oldest(now time.Time) (netip.Addr, error) {
	var best Lease
	for addr, lease := range l.byAddr {
		if !l.free(now, addr) || !l.gives(addr) {
			continue
		}
		age := lease.Expires.Compare(best.Expires)
		if !best.Addr.IsValid() || age < 0 || age == 0 && addr.Less(best.Addr) {
			best = lease
		}
	}
	if !best.Addr.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: all of %s (%d addresses) are held; make --pool larger, or wait until leases end",
			ErrExhausted, l.pool, l.pool.size())
	}
	return best.Addr, nil
}

// Own says which addresses this host has, besides those that the pool excludes.
func (l *Leases) Own(addrs []netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(l.own, addrs) {
		return
	}
	l.own = addrs
	// The search goes by an address that the host has given up again.
	l.fresh = l.pool.First
}

// gives tells whether an address may be given to a client; the lock is held.
func (l *Leases) gives(addr netip.Addr) bool {
	return l.pool.gives(addr) && !slices.Contains(l.own, addr)
}

func (l *Leases) free(now time.Time, addr netip.Addr) bool {
	lease, held := l.byAddr[addr]
	return !l.writing[addr] && (!held || !now.Before(lease.Expires))
}

// Bind gives a client an address for the pool's lease time. It returns when
// the store has the lease, so that an ACK sent afterwards is never forgotten.
// [ErrTaken] if the address isn't the pool's to give or is held by another.
func (l *Leases) Bind(now time.Time, client, mac, host string, addr netip.Addr) (Lease, error) {
	lease := Lease{Addr: addr, Client: client, MAC: mac, Host: host, State: Bound, Expires: now.Add(l.pool.lease())}
	l.mu.Lock()
	defer l.mu.Unlock()
	left, err := l.claim(now, lease)
	if err != nil {
		return Lease{}, err
	}
	if err := l.write(lease, left); err != nil {
		return Lease{}, err
	}
	l.drop(left)
	l.set(lease)
	return lease, nil
}

// claim checks that a client may have an address. It returns the one that the
// client leaves for it.
func (l *Leases) claim(now time.Time, lease Lease) (left netip.Addr, err error) {
	if !l.gives(lease.Addr) {
		return left, fmt.Errorf("%w: %s is not in %s", ErrTaken, lease.Addr, l.pool)
	}
	for l.writing[lease.Addr] || l.writing[l.byClient[lease.Client]] {
		l.written.Wait()
	}
	if before := l.byAddr[lease.Addr]; before.Client != lease.Client && !l.free(now, lease.Addr) {
		return left, fmt.Errorf("%w: %s is %s", ErrTaken, lease.Addr, before.State)
	}
	if old := l.byClient[lease.Client]; old != lease.Addr {
		left = old
	}
	return left, nil
}

// write stores a lease and guards its addresses meanwhile. It lets go of the
// lock while it waits for the store.
func (l *Leases) write(lease Lease, left netip.Addr) error {
	guarded := []netip.Addr{lease.Addr}
	if left.IsValid() {
		guarded = append(guarded, left)
	}
	for _, addr := range guarded {
		l.writing[addr] = true
	}
	l.mu.Unlock()
	err := l.store.Put(lease, left)
	l.mu.Lock()
	for _, addr := range guarded {
		delete(l.writing, addr)
	}
	l.written.Broadcast()
	if err != nil {
		l.unused(lease.Addr)
		return fmt.Errorf("store the lease of %s: %w", lease.Addr, err)
	}
	return nil
}

// Release ends a client's lease. The address is remembered as its last one.
func (l *Leases) Release(now time.Time, client string, addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing[addr] {
		l.written.Wait()
	}
	lease, ok := l.byAddr[addr]
	if !ok || lease.Client != client || lease.State == Declined {
		return fmt.Errorf("%w: %s", ErrTaken, addr)
	}
	lease.Expires = now
	if err := l.write(lease, netip.Addr{}); err != nil {
		return err
	}
	l.set(lease)
	return nil
}

// Decline takes an address out of use for a while, because the client saw
// somebody else use it (RFC 2131 section 4.3.3): even if it can't be stored.
func (l *Leases) Decline(now time.Time, client string, addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing[addr] {
		l.written.Wait()
	}
	if l.byAddr[addr].Client != client || l.byClient[client] != addr {
		return fmt.Errorf("%w: %s", ErrTaken, addr)
	}
	lease := Lease{Addr: addr, State: Declined, Expires: now.Add(declineTime)}
	l.drop(addr)
	l.set(lease)
	return l.write(lease, netip.Addr{})
}

// Of is the address that a client holds or held last.
func (l *Leases) Of(client string) (Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, ok := l.byClient[client]
	return l.byAddr[addr], ok
}

// holds tells whether one of the addresses is the client's.
func (l *Leases) holds(client string, addrs ...netip.Addr) bool {
	lease, ok := l.Of(client)
	return ok && slices.Contains(addrs, lease.Addr)
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
	l.unused(addr)
}

// unused lets the search for an unused address come by here again.
func (l *Leases) unused(addr netip.Addr) {
	if addr.IsValid() && addr.Less(l.fresh) {
		l.fresh = addr
	}
}
