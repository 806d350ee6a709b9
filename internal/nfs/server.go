package nfs

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/spurboot/spur/block/share"
)

// Ports that clients look for without being told.
const (
	DefaultPort = 2049
	PortmapPort = 111
	// MountPort is where klibc's nfsmount looks for MOUNT if no portmapper knows it (MOUNT_PORT
	// in its usr/kinit/nfsmount/nfsmount.h).
	MountPort = 627
)

// A Server serves exports. Its fields are not changed once it serves.
type Server struct {
	Exports Exports
	Key     Sealer // of handles
	// Port is what the portmapper says of NFS and MOUNT.
	Port   uint16
	Hooks  Hooks
	Bounds Bounds

	once   sync.Once
	shared *shared
}

// Bounds limit what clients can take. A zero is the default in brackets.
type Bounds struct {
	// Connections at once [1024], and of one address [half of them], that have shown a handle
	// or a path of an export. One more ends the newest of the address that has most of them,
	// if that has more, or is closed.
	Connections, PeerConnections int
	// Strangers are connections that have shown neither yet [64], beside those: one more ends
	// the oldest of the address that has most of them, and each ends after StrangerTimeout
	// [30 s].
	Strangers       int
	StrangerTimeout time.Duration
	// Memory is the most, in bytes, that replies of all connections hold at once [64 MiB],
	// beside 64 KiB each. Those of one address hold as much of it as they leave for others.
	Memory int
	// IdleTimeout ends connections without calls [10 min], which clients make anew.
	IdleTimeout time.Duration
	// CallTimeout is how long a client may take for a call that it has begun [30 s], and
	// ReplyTimeout for taking a reply [1 min].
	CallTimeout, ReplyTimeout time.Duration
}

func (b Bounds) withDefaults() Bounds {
	b.Connections = cmp.Or(b.Connections, 1024)
	b.PeerConnections = cmp.Or(b.PeerConnections, share.Half(b.Connections))
	b.Strangers = cmp.Or(b.Strangers, 64)
	b.StrangerTimeout = cmp.Or(b.StrangerTimeout, 30*time.Second)
	b.Memory = max(cmp.Or(b.Memory, 64<<20), 4*largest)
	b.IdleTimeout = cmp.Or(b.IdleTimeout, 10*time.Minute)
	b.CallTimeout = cmp.Or(b.CallTimeout, 30*time.Second)
	b.ReplyTimeout = cmp.Or(b.ReplyTimeout, time.Minute)
	return b
}

// shared is what the connections of a server share, whichever listener they come by.
type shared struct {
	bounds    Bounds
	places    share.Places
	strangers share.HalfOpen
	memory    *share.Memory
	buffers   largeBuffers
}

func newShared(b Bounds) *shared {
	return &shared{bounds: b, places: share.Places{Total: b.Connections, PerPeer: b.PeerConnections},
		strangers: share.HalfOpen{Most: b.Strangers}, memory: share.NewMemory(b.Memory)}
}

// Serve accepts connections from listeners until ctx ends, and returns nil then. It returns
// an error when one fails. In any case all are closed, and nothing of it runs any more. It may
// be called several times at once: the bounds are for all.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.once.Do(func() { s.shared = newShared(s.Bounds.withDefaults()) })
	var conns sync.WaitGroup
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- share.Accept(ctx, l, func(nc net.Conn) { s.begin(ctx, nc, &conns) }) }()
	}
	var first error
	for range listeners {
		if err := <-ended; err != nil && first == nil {
			first = fmt.Errorf("nfs: %w", err)
		}
		stop()
	}
	conns.Wait()
	return first
}

// begin serves a connection on a goroutine of its own.
func (s *Server) begin(ctx context.Context, nc net.Conn, conns *sync.WaitGroup) {
	all := s.shared
	all.strangers.Enter(nc)
	conns.Go(func() {
		defer all.strangers.Leave(nc)
		defer nc.Close()
		defer context.AfterFunc(ctx, func() { nc.Close() })()
		newConn(s, nc, all, ctx.Done()).serve()
	})
}
