package dhcp6

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

// maxShare is how many addresses of a pool one client has at most. One that asks
// for more gets the one that it has had the longest: firmware forgets its
// identity associations at each attempt and asks with new ones.
const maxShare = 8

// Leases is the state of one pool: which address is held by whom until when.
// It is a state machine over the clock value that each call is given; only
// bound and declined addresses go into the store. All methods may be used by
// several goroutines.
//
// The store is written without the lock, because it waits for a disk and other
// clients needn't. What is being written is guarded by its addresses: nobody
// else gets or changes them until the store has them.
type Leases struct {
	pool  Pool
	store LeaseStore

	mu       sync.Mutex
	byAddr   map[netip.Addr]Lease
	byClient map[string]map[uint32]netip.Addr
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
		byAddr: map[netip.Addr]Lease{}, byClient: map[string]map[uint32]netip.Addr{}, writing: map[netip.Addr]bool{},
	}
	l.written = sync.NewCond(&l.mu)
	for _, lease := range kept {
		if pool.Prefix.Contains(lease.Addr) {
			l.set(lease)
		}
	}
	return l, nil
}

// Offer holds an address for a client: the one that it has or had, else the
// one that it wants, else a fresh one, else the one that expired first.
// [ErrExhausted] if there is none.
func (l *Leases) Offer(now time.Time, ia IA, mac string, want netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, err := l.choose(now, ia, want)
	if err != nil {
		return Lease{}, err
	}
	if lease := l.byAddr[addr]; lease.IA == ia && lease.State == Bound && now.Before(lease.Expires) {
		return lease, nil
	}
	lease := Lease{Addr: addr, IA: ia, MAC: mac, State: Offered, Expires: now.Add(offerTime)}
	l.set(lease)
	return lease, nil
}

// choose waits until nothing of the client's is being written.
func (l *Leases) choose(now time.Time, ia IA, want netip.Addr) (netip.Addr, error) {
	for l.writesOf(ia.Client) {
		l.written.Wait()
	}
	if addr, ok := l.byClient[ia.Client][ia.ID]; ok && l.gives(addr) {
		return addr, nil
	}
	if l.full(ia) {
		return l.oldestOf(ia.Client)
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

func (l *Leases) writesOf(client string) bool {
	for _, addr := range l.byClient[client] {
		if l.writing[addr] {
			return true
		}
	}
	return false
}

// before orders leases by their end; equal ones by their address.
func (a Lease) before(b Lease) bool {
	if c := a.Expires.Compare(b.Expires); c != 0 {
		return c < 0
	}
	return a.Addr.Less(b.Addr)
}

// full tells that a client has its share, and nothing for this association.
func (l *Leases) full(ia IA) bool {
	_, has := l.byClient[ia.Client][ia.ID]
	return !has && len(l.byClient[ia.Client]) >= maxShare
}

// oldestOf is the address of a client that ends first.
func (l *Leases) oldestOf(client string) (netip.Addr, error) {
	var best Lease
	for _, addr := range l.byClient[client] {
		if lease := l.byAddr[addr]; l.gives(addr) && (!best.Addr.IsValid() || lease.before(best)) {
			best = lease
		}
	}
	if !best.Addr.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: the client has %d that are reserved for it", ErrExhausted, maxShare)
	}
	return best.Addr, nil
}

// oldest is the address that expired first.
func (l *Leases) oldest(now time.Time) (netip.Addr, error) {
	var best Lease
	for addr, lease := range l.byAddr {
		if l.free(now, addr) && l.gives(addr) && (!best.Addr.IsValid() || lease.before(best)) {
			best = lease
		}
	}
	if !best.Addr.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: all of %s (%d addresses) are held; make the pool larger, or wait until leases end",
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
	l.own = slices.Clone(addrs)
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

// Bind gives a client an address for the pool's lease time: the one that it
// holds, else the one that it wants, if that is free. It returns when the store
// has the lease, so that a REPLY sent afterwards is never forgotten. [ErrTaken]
// if the address isn't the pool's to give or is held by another.
func (l *Leases) Bind(now time.Time, ia IA, mac string, addr netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing[addr] || l.writesOf(ia.Client) {
		l.written.Wait()
	}
	before := l.byAddr[addr]
	switch {
	case !l.gives(addr):
		return Lease{}, fmt.Errorf("%w: %s is not in %s", ErrTaken, addr, l.pool)
	case before.Client != ia.Client && !l.free(now, addr):
		return Lease{}, fmt.Errorf("%w: %s is %s", ErrTaken, addr, before.State)
	case before.Client != ia.Client && l.full(ia):
		return Lease{}, fmt.Errorf("%w: the client has %d others", ErrTaken, maxShare)
	}
	return l.keep(now, ia, mac, addr)
}

// Assign gives a client an address that is reserved for it, whoever held it
// before. It may lie outside of the range, but not of the network.
func (l *Leases) Assign(now time.Time, ia IA, mac string, addr netip.Addr) (Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing[addr] || l.writesOf(ia.Client) {
		l.written.Wait()
	}
	if !l.pool.Prefix.Contains(addr) || slices.Contains(l.own, addr) {
		return Lease{}, fmt.Errorf("%w: %s is reserved for it, but is not in %s or is this host's", ErrTaken, addr, l.pool.Prefix.Masked())
	}
	return l.keep(now, ia, mac, addr)
}

// keep stores that an address is a client's. The client leaves the one that the
// same association had.
func (l *Leases) keep(now time.Time, ia IA, mac string, addr netip.Addr) (Lease, error) {
	lease := Lease{Addr: addr, IA: ia, MAC: mac, State: Bound, Expires: now.Add(l.pool.lease())}
	var left netip.Addr
	if old, ok := l.byClient[ia.Client][ia.ID]; ok && old != addr {
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
func (l *Leases) Release(now time.Time, ia IA, addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, err := l.held(ia, addr)
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
func (l *Leases) Decline(now time.Time, ia IA, addr netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.held(ia, addr); err != nil {
		return err
	}
	lease := Lease{Addr: addr, State: Declined, Expires: now.Add(declineTime)}
	l.drop(addr)
	l.set(lease)
	return l.write(lease, netip.Addr{})
}

// held is the lease of an address if the association has it.
func (l *Leases) held(ia IA, addr netip.Addr) (Lease, error) {
	for l.writing[addr] {
		l.written.Wait()
	}
	if lease, ok := l.byAddr[addr]; ok && lease.IA == ia && lease.State != Declined {
		return lease, nil
	}
	return Lease{}, fmt.Errorf("%w: %s", ErrTaken, addr)
}

// Of is the address that an association holds or held last.
func (l *Leases) Of(ia IA) (Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	addr, ok := l.byClient[ia.Client][ia.ID]
	return l.byAddr[addr], ok
}

// Forget gives up the offer that a client didn't take.
func (l *Leases) Forget(ia IA) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if addr, ok := l.byClient[ia.Client][ia.ID]; ok && l.byAddr[addr].State == Offered && !l.writing[addr] {
		l.drop(addr)
	}
}

// set and drop keep both maps in step; the lock is held.
func (l *Leases) set(lease Lease) {
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

func (l *Leases) drop(addr netip.Addr) {
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
func (l *Leases) unused(addr netip.Addr) {
	if l.pool.inRange(addr) && addr.Less(l.fresh) {
		l.fresh = addr
	}
}
