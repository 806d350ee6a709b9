package share

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// HalfOpen are connections whose peers have yet to say what they want, those in a
// handshake or a login for instance. One too many takes the place of another, so
// that silent peers keep nobody out.
type HalfOpen struct {
	Most int // not changed once it is used

	mu    sync.Mutex
	conns []net.Conn // the oldest first
}

// Enter takes in a connection. Where there is no place it closes another one: the
// oldest of the address that has most of them. So who comes again and again drives
// out itself.
func (h *HalfOpen) Enter(nc net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.conns) >= h.Most && len(h.conns) > 0 {
		i := victim(h.conns)
		h.conns[i].Close()
		h.conns = slices.Delete(h.conns, i, i+1)
	}
	h.conns = append(h.conns, nc)
}

// Leave ends that a connection is half open, and tells whether it was: one that wasn't
// has left before, or was closed for another one.
func (h *HalfOpen) Leave(nc net.Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.Index(h.conns, nc)
	if i < 0 {
		return false
	}
	h.conns = slices.Delete(h.conns, i, i+1)
	return true
}

// Len is how many there are.
func (h *HalfOpen) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.conns)
}

// victim is the index of the first connection of the address that has most.
func victim(conns []net.Conn) (first int) {
	count := map[netip.Addr]int{}
	for _, nc := range conns {
		count[PeerOf(nc.RemoteAddr())]++
	}
	for i, nc := range conns {
		if count[PeerOf(nc.RemoteAddr())] > count[PeerOf(conns[first].RemoteAddr())] {
			first = i
		}
	}
	return first
}
