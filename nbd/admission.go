package nbd

import (
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/spurboot/spur/block/handoff"
	"github.com/spurboot/spur/block/share"
)

// admission has what the connections of a server share, and bounds those in the
// handshake.
type admission struct {
	bounds   Bounds
	threads  chan struct{} // that may block in a read
	memory   *share.Memory
	places   share.Places
	wg       sync.WaitGroup
	watchdog handoff.Watchdog

	mu       sync.Mutex
	halfOpen []net.Conn // the oldest first
}

// maxThreads bounds the threads that block in a read, one for a connection. What
// more connections there are wait in the runtime's poller.
const maxThreads = 64

func newAdmission(b Bounds) *admission {
	return &admission{bounds: b, threads: make(chan struct{}, maxThreads), memory: share.NewMemory(b.TotalMemory),
		places: share.Places{Total: b.Connections, PerPeer: b.PeerConnections}}
}

// admit takes in a connection unless there are too many. One that is still in the handshake
// makes room for a new one, so that silent clients lock nobody out.
func (a *admission) admit(nc net.Conn) error {
	if err := a.places.Enter(share.PeerOf(nc.RemoteAddr())); err != nil {
		return err
	}
	a.wg.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.halfOpen) >= a.bounds.Handshakes {
		peers := make([]netip.Addr, len(a.halfOpen))
		for i, c := range a.halfOpen {
			peers[i] = share.PeerOf(c.RemoteAddr())
		}
		i := share.Victim(peers)
		a.halfOpen[i].Close()
		a.halfOpen = slices.Delete(a.halfOpen, i, i+1)
	}
	a.halfOpen = append(a.halfOpen, nc)
	return nil
}

// settled: the handshake of a connection is over.
func (a *admission) settled(nc net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.Index(a.halfOpen, nc); i >= 0 {
		a.halfOpen = slices.Delete(a.halfOpen, i, i+1)
	}
}

func (a *admission) leave(nc net.Conn, peer netip.Addr) {
	a.settled(nc)
	nc.Close()
	a.places.Leave(peer)
}
