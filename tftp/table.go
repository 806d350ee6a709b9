package tftp

import (
	"net/netip"
	"sync"
)

// A table knows the running transfers by their clients' addresses.
type table struct {
	most int

	mu      sync.Mutex
	running map[netip.AddrPort]*transfer
	count   int // running transfers, replaced ones that are still ending included
}

type entry int

const (
	isNew entry = iota
	isDuplicate
	isFull
)

// enter admits a transfer. A client that repeats its request has a transfer
// already, and that one repeats its first packet by itself (RFC 1123 section
// 4.2.3.1 in spirit: one request, one transfer).
//
// Quirk: ROMs use one source port for everything. A different request from
// the port of a running transfer, or the same one when that transfer has run
// into a timeout (the machine was reset), means that the client has forgotten
// it: the new one takes its place.
func (t *table) enter(x *transfer) entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.running[x.request.Remote]
	switch {
	case old != nil && old.request.same(x.request) && !old.silent():
		return isDuplicate
	case old == nil && t.count >= t.most:
		return isFull
	case old != nil && t.count >= 2*t.most:
		return isFull
	case old != nil:
		old.cancel(ErrReplaced)
	}
	t.running[x.request.Remote] = x
	t.count++
	return isNew
}

func (t *table) leave(x *transfer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count--
	if t.running[x.request.Remote] == x {
		delete(t.running, x.request.Remote)
	}
}

// deliver hands a packet to the transfer of that client, for single-port mode.
func (t *table) deliver(remote netip.AddrPort, packet []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.running[remote]
	if x == nil {
		return false
	}
	x.out.deliver(packet)
	return true
}
