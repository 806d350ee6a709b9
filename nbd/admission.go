package nbd

import (
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
