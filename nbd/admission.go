package nbd

import (
	"net"
	"net/netip"
	"sync"

	"github.com/spurboot/spur/block/handoff"
	"github.com/spurboot/spur/block/share"
)

// admission has what the connections of a server share.
type admission struct {
	bounds   Bounds
	threads  chan struct{} // that may block in a read
	memory   *share.Memory
	places   share.Places
	halfOpen share.HalfOpen // in the handshake
	wg       sync.WaitGroup
	watchdog handoff.Watchdog
}

// maxThreads bounds the threads that block in a read, one for a connection. What
// more connections there are wait in the runtime's poller.
const maxThreads = 64

func newAdmission(b Bounds) *admission {
	return &admission{bounds: b, threads: make(chan struct{}, maxThreads), memory: share.NewMemory(b.TotalMemory),
		places:   share.Places{Total: b.Connections, PerPeer: b.PeerConnections},
		halfOpen: share.HalfOpen{Most: b.Handshakes}}
}

// admit takes in a connection unless there are too many. One that is still in the
// handshake makes room for a new one.
func (a *admission) admit(nc net.Conn) error {
	if err := a.places.Enter(share.PeerOf(nc.RemoteAddr())); err != nil {
		return err
	}
	a.wg.Add(1)
	a.halfOpen.Enter(nc)
	return nil
}

func (a *admission) leave(nc net.Conn, peer netip.Addr) {
	a.halfOpen.Leave(nc)
	nc.Close()
	a.places.Leave(peer)
}
