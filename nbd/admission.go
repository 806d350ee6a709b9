package nbd

import (
	"sync"

	"github.com/spurboot/spur/block/handoff"
	"github.com/spurboot/spur/block/share"
)

// Shares are what clients may take of all servers that have the same ones, such as one for
// each address of a host.
type Shares struct {
	bounds   Bounds
	threads  chan struct{} // that may block in a read
	memory   *share.Memory
	places   share.Places
	halfOpen share.HalfOpen // in the handshake
}

// admission has what the connections of a listener share.
type admission struct {
	*Shares
	wg       sync.WaitGroup
	watchdog handoff.Watchdog
}

// maxThreads bounds the threads that block in a read, one for a connection. What
// more connections there are wait in the runtime's poller.
const maxThreads = 64

// NewShares makes some within bounds.
func NewShares(b Bounds) *Shares {
	b = b.withDefaults()
	return &Shares{bounds: b, threads: make(chan struct{}, maxThreads), memory: share.NewMemory(b.TotalMemory),
		places:   share.Places{Total: b.Connections, PerPeer: b.PeerConnections},
		halfOpen: share.HalfOpen{Most: b.Handshakes}}
}
