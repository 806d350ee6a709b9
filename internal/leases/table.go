package leases

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

// DeclineTime is how long an address that was declined isn't given to anybody, and
// offerTime how long one that was offered is held.
const (
	offerTime   = time.Minute
	DeclineTime = 10 * time.Minute
)

// ShareMost is how many addresses of a pool one client has at most. One that asks
// for more gets the one that it has had the longest: firmware forgets its
// identity associations at each attempt and asks with new ones.
const ShareMost = 8

// Table is the state of one pool: which address is held by whom until when.
// It is a state machine over the clock value that each call is given; only
// bound and declined addresses go into the store. All methods may be used by
// several goroutines.
//
// The store is written without the lock, because it waits for a disk and other
// clients needn't. What is being written is guarded by its addresses: nobody
// else gets or changes them until the store has them.
type Table struct {
	pool  Pool
	store Store

	mu       sync.Mutex
	byAddr   map[netip.Addr]Lease
	byClient map[string]map[uint32]netip.Addr
	fresh    netip.Addr   // where the search for an unused address goes on
	own      []netip.Addr // this host's, which no client gets
	writing  map[netip.Addr]bool
	written  *sync.Cond // of mu: a write is over
}

// New checks the pool and takes up what the store knows about it.
func New(pool Pool, store Store) (*Table, error) {
	if err := pool.Check(); err != nil {
		return nil, err
	}
	kept, err := store.All()
	if err != nil {
		return nil, fmt.Errorf("read the leases of pool %s: %w", pool, err)
	}
	l := &Table{
		pool: pool, store: store, fresh: pool.Start(),
		byAddr: map[netip.Addr]Lease{}, byClient: map[string]map[uint32]netip.Addr{}, writing: map[netip.Addr]bool{},
	}
	l.written = sync.NewCond(&l.mu)
	for _, lease := range kept {
		if pool.Keeps(lease.Addr) {
			l.set(lease)
		}
	}
	return l, nil
}

// Offer holds an address for a client: the one that it has or had, else the
// one that it wants, else a fresh one, else the one that expired first.
// [ErrExhausted] if there is none.
func (l *Table) Offer(now time.Time, h Holder, mac string, want netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, err := l.choose(now, h, want)
	if err != nil {
		return Lease{}, err
	}
	if lease := l.byAddr[addr]; lease.Holder == h && lease.State == Bound && now.Before(lease.Expires) {
		return lease, nil
	}
	lease := Lease{Addr: addr, Holder: h, MAC: mac, State: Offered, Expires: now.Add(offerTime)}
	l.set(lease)
	return lease, nil
}

// Own says which addresses this host has, besides those that the pool excludes.
func (l *Table) Own(addrs []netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(l.own, addrs) {
		return
	}
	l.own = slices.Clone(addrs)
	// The search goes by an address that the host has given up again.
	l.fresh = l.pool.Start()
}

// Bind gives a client an address for the pool's lease time: the one that it
// holds, else the one that it wants, if that is free. It returns when the store
// has the lease, so that a REPLY sent afterwards is never forgotten. [ErrTaken]
// if the address isn't the pool's to give or is held by another.
func (l *Table) Bind(now time.Time, h Holder, mac, host string, addr netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing[addr] || l.writesOf(h.Client) {
		l.written.Wait()
	}
	before := l.byAddr[addr]
	switch {
	case !l.gives(addr):
		return Lease{}, fmt.Errorf("%w: %s is not in %s", ErrTaken, addr, l.pool)
	case before.Client != h.Client && !l.free(now, addr):
		return Lease{}, fmt.Errorf("%w: %s is %s", ErrTaken, addr, before.State)
	case before.Client != h.Client && l.full(h):
		return Lease{}, fmt.Errorf("%w: the client has %d others", ErrTaken, ShareMost)
	}
	return l.keep(now, h, mac, host, addr)
}

// Assign gives a client an address that is reserved for it, whoever held it
// before. It may lie outside of the range, but not of the network.
func (l *Table) Assign(now time.Time, h Holder, mac, host string, addr netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing[addr] || l.writesOf(h.Client) {
		l.written.Wait()
	}
	if !l.pool.Keeps(addr) || slices.Contains(l.own, addr) {
		return Lease{}, fmt.Errorf("%w: %s is reserved for it, but is not on the network of %s or is this host's", ErrTaken, addr, l.pool)
	}
	return l.keep(now, h, mac, host, addr)
}

// keep stores that an address is a client's. The client leaves the one that the
// same association had.
func (l *Table) keep(now time.Time, h Holder, mac, host string, addr netip.Addr) (Lease, error) {
	lease := Lease{Addr: addr, Holder: h, MAC: mac, Host: host, State: Bound, Expires: now.Add(l.pool.Lease())}
	var left netip.Addr
	if old, ok := l.byClient[h.Client][h.ID]; ok && old != addr {
		left = old
	}
	if err := l.write(lease, left); err != nil {
		return Lease{}, err
	}
	l.drop(left)
	l.set(lease)
	return lease, nil
}

// write stores a lease and guards its addresses meanwhile. It lets go of the
// lock while it waits for the store.
func (l *Table) write(lease Lease, left netip.Addr) error {
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
func (l *Table) Release(now time.Time, h Holder, addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, err := l.held(h, addr)
	if err != nil {
		return err
	}
	lease.Expires = now
	if err := l.write(lease, netip.Addr{}); err != nil {
		return err
	}
	l.set(lease)
	return nil
}

// Decline takes an address out of use for a while, because the client saw
// somebody else use it: even if that can't be stored.
func (l *Table) Decline(now time.Time, h Holder, addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.held(h, addr); err != nil {
		return err
	}
	lease := Lease{Addr: addr, State: Declined, Expires: now.Add(DeclineTime)}
	l.drop(addr)
	l.set(lease)
	return l.write(lease, netip.Addr{})
}

// held is the lease of an address if the association has it.
func (l *Table) held(h Holder, addr netip.Addr) (Lease, error) {
	for l.writing[addr] {
		l.written.Wait()
	}
	if lease, ok := l.byAddr[addr]; ok && lease.Holder == h && lease.State != Declined {
		return lease, nil
	}
	return Lease{}, fmt.Errorf("%w: %s", ErrTaken, addr)
}

// Of is the address that an association holds or held last.
func (l *Table) Of(h Holder) (Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, ok := l.byClient[h.Client][h.ID]
	return l.byAddr[addr], ok
}

// Forget gives up the offer that a client didn't take.
func (l *Table) Forget(h Holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if addr, ok := l.byClient[h.Client][h.ID]; ok && l.byAddr[addr].State == Offered && !l.writing[addr] {
		l.drop(addr)
	}
}

// set and drop keep both maps in step; the lock is held.
func (l *Table) set(lease Lease) {
	l.drop(lease.Addr)
	l.byAddr[lease.Addr] = lease
	if lease.Client == "" {
		return
	}
	if l.byClient[lease.Client] == nil {
		l.byClient[lease.Client] = map[uint32]netip.Addr{}
	}
	l.byClient[lease.Client][lease.ID] = lease.Addr
}

func (l *Table) drop(addr netip.Addr) {
	if was, ok := l.byAddr[addr]; ok && l.byClient[was.Client][was.ID] == addr {
		delete(l.byClient[was.Client], was.ID)
		if len(l.byClient[was.Client]) == 0 {
			delete(l.byClient, was.Client)
		}
	}
	delete(l.byAddr, addr)
	l.unused(addr)
}

// unused lets the search for an unused address come by here again.
func (l *Table) unused(addr netip.Addr) {
	if l.pool.InRange(addr) && addr.Less(l.fresh) {
		l.fresh = addr
	}
}

// Holds tells whether one of the addresses is the holder's.
func (l *Table) Holds(h Holder, addrs ...netip.Addr) bool {
	lease, ok := l.Of(h)
	return ok && slices.Contains(addrs, lease.Addr)
}
