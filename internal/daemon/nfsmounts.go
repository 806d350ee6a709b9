package daemon

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/timeline"
)

const (
	// nfsMountsMost bounds of how many mounts it is remembered whose they are.
	nfsMountsMost = 4096
	// idleEnd: Linux ends a connection that was idle for five minutes (XS_IDLE_DISC_TO in its
	// net/sunrpc/xprtsock.c) and makes a new one when it reads on: the mount stays. So it does
	// where the server ends one of another client for that reason.
	idleEnd = 4 * time.Minute
)

// nfsMounts are what was mounted by NFS, whose server remembers none: those that were mounted
// last. The zero value is ready.
type nfsMounts struct {
	mu  sync.Mutex
	all []*nfsMount // in the order of their mounts
}

// nfsMount is an image that a machine's system has mounted.
type nfsMount struct {
	peer  netip.Addr
	id    nfs.ExportID
	mac   boot.MAC
	image string
	read  int64
}

func (m *nfsMount) event(kind timeline.Kind) timeline.Event {
	return timeline.Event{Kind: kind, MAC: m.mac, Name: m.image, Proto: string(boot.NFS), Peer: m.peer}
}

// mounted notes one, in the place of what that address mounted before of the same image.
func (n *nfsMounts) mounted(m *nfsMount) timeline.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = slices.DeleteFunc(n.all, func(o *nfsMount) bool { return o.peer == m.peer && o.id == m.id })
	if len(n.all) == nfsMountsMost {
		n.all = slices.Delete(n.all, 0, 1)
	}
	n.all = append(n.all, m)
	return m.event(timeline.Mounted)
}

// left counts what was read over a connection that has ended. ok is false where that says
// nothing of the mount, or whose it is isn't known any more.
func (n *nfsMounts) left(peer netip.Addr, u nfs.Use) (e timeline.Event, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.all, func(o *nfsMount) bool { return o.peer == peer && o.id == u.Export })
	if i < 0 {
		return e, false
	}
	m := n.all[i]
	m.read += u.Bytes
	if u.Idle >= idleEnd || errors.Is(u.Err, net.ErrClosed) { // when Spur ends
		return e, false
	}
	e = m.event(timeline.Unmounted)
	e.Bytes = m.read
	if u.Err != nil {
		e.Err = u.Err.Error()
	}
	return e, true
}
