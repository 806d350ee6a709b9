package leases

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// choose waits until nothing of the client's is being written.
func (l *Table) choose(now time.Time, h Holder, want netip.Addr) (netip.Addr, error) {
	for l.writesOf(h.Client) {
		l.written.Wait()
	}
	if addr, ok := l.byClient[h.Client][h.ID]; ok && l.gives(addr) {
		return addr, nil
	}
	if l.full(h) {
		return l.oldestOf(h.Client)
	}
	if l.gives(want) && l.free(now, want) {
		return want, nil
	}
	for l.pool.InRange(l.fresh) {
		addr := l.fresh
		l.fresh = addr.Next()
		if _, used := l.byAddr[addr]; !used && l.gives(addr) && !l.writing[addr] {
			return addr, nil
		}
	}
	return l.oldest(now)
}

func (l *Table) writesOf(client string) bool {
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
func (l *Table) full(h Holder) bool {
	_, has := l.byClient[h.Client][h.ID]
	return !has && len(l.byClient[h.Client]) >= ShareMost
}

// oldestOf is the address of a client that ends first.
func (l *Table) oldestOf(client string) (netip.Addr, error) {
	var best Lease
	for _, addr := range l.byClient[client] {
		if lease := l.byAddr[addr]; l.gives(addr) && (!best.Addr.IsValid() || lease.before(best)) {
			best = lease
		}
	}
	if !best.Addr.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: the client has %d that are reserved for it", ErrExhausted, ShareMost)
	}
	return best.Addr, nil
}

// oldest is the address that expired first.
func (l *Table) oldest(now time.Time) (netip.Addr, error) {
	var best Lease
	for addr, lease := range l.byAddr {
		if l.free(now, addr) && l.gives(addr) && (!best.Addr.IsValid() || lease.before(best)) {
			best = lease
		}
	}
	if !best.Addr.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: all of %s (%d addresses) are held; make --pool larger, or wait until leases end",
			ErrExhausted, l.pool, l.pool.Size())
	}
	return best.Addr, nil
}

// gives tells whether an address may be given to a client; the lock is held.
func (l *Table) gives(addr netip.Addr) bool {
	return l.pool.Gives(addr) && !slices.Contains(l.own, addr)
}

func (l *Table) free(now time.Time, addr netip.Addr) bool {
	lease, held := l.byAddr[addr]
	return !l.writing[addr] && (!held || !now.Before(lease.Expires))
}
