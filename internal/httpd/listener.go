package httpd

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// listener hands out a bounded number of connections, in all and per peer.
//
// A connection without a request, new or kept alive, gives way where its place
// is needed: the oldest of the peer that has its share, or the oldest of all.
// Where none of a peer's can give way it is told so on one of a few places more
// (see [Server.track]); where none of all can, peers wait in the kernel's backlog.
type listener struct {
	net.Listener
	stall         time.Duration
	most, perPeer int
	hooks         ServerHooks

	freed chan struct{} // a place may be free, or a connection may give way
	done  chan struct{}
	once  sync.Once
	open  sync.WaitGroup

	mu       sync.Mutex
	conns    map[*conn]struct{} // those that have a place
	peers    map[netip.Addr]int // how many of them a peer has; none for 0
	refusals int                // connections that are being refused
	accepted uint64
}

// maxRefusals is how many connections at a time are told that they are too
// many. Those beyond are closed without a word.
const maxRefusals = 16

func newListener(ln net.Listener, b Bounds, hooks ServerHooks) *listener {
	return &listener{
		Listener: ln,
		stall:    b.StallTimeout,
		most:     b.Conns,
		perPeer:  b.PeerConns,
		hooks:    hooks,
		freed:    make(chan struct{}, 1),
		done:     make(chan struct{}),
		conns:    make(map[*conn]struct{}),
		peers:    make(map[netip.Addr]int),
	}
}

// Accept waits for a connection, then for a place.
func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: nc, stall: l.stall, peer: share(peerOf(nc).Addr()), wake: l.wake}
		c.release = func() { l.leave(c) }
		for {
			admitted, wait := l.admit(c)
			if admitted {
				return c, nil
			}
			if !wait {
				nc.Close()
				break
			}
			select {
			case <-l.freed:
			case <-l.done:
				nc.Close()
				return nil, net.ErrClosed
			}
		}
	}
}

// Close may be called more than once, as net/http does.
func (l *listener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.done)
		err = l.Listener.Close()
	})
	return err
}

// wait returns once all connections are closed.
func (l *listener) wait() { l.open.Wait() }

// admit gives a connection a place, or one to be refused on. wait means that it
// may have a place later.
func (l *listener) admit(c *conn) (admitted, wait bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.peers[c.peer] >= l.perPeer:
		if !l.yield(func(other *conn) bool { return other.peer == c.peer }) {
			return l.refuse(c), false
		}
	case len(l.conns) >= l.most:
		if !l.yield(func(*conn) bool { return true }) {
			return false, true
		}
	}
	l.accepted++
	c.number = l.accepted
	l.conns[c] = struct{}{}
	l.peers[c.peer]++
	l.open.Add(1)
	return true, false
}

// refuse gives a connection one of the places to be refused on.
func (l *listener) refuse(c *conn) bool {
	if l.hooks.Refused != nil {
		l.hooks.Refused(peerOf(c))
	}
	if l.refusals >= maxRefusals {
		return false
	}
	l.refusals++
	c.refused = true
	l.open.Add(1)
	return true
}

// yield closes the oldest of those asked for that has no request, and takes its
// place away.
func (l *listener) yield(of func(*conn) bool) bool {
	var oldest *conn
	for c := range l.conns {
		if of(c) && !c.busy.Load() && (oldest == nil || c.number < oldest.number) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	l.forget(oldest)
	_ = oldest.Conn.Close() // net/http notices, and closes it for good
	return true
}

// closeUnused closes all connections without a request.
func (l *listener) closeUnused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.yield(func(*conn) bool { return true }) {
	}
}

func (l *listener) forget(c *conn) {
	if _, has := l.conns[c]; !has {
		return
	}
	delete(l.conns, c)
	if l.peers[c.peer]--; l.peers[c.peer] == 0 {
		delete(l.peers, c.peer)
	}
}

func (l *listener) leave(c *conn) {
	l.mu.Lock()
	l.forget(c)
	if c.refused {
		l.refusals--
	}
	l.mu.Unlock()
	l.wake()
	if l.hooks.Closed != nil {
		l.hooks.Closed(c)
	}
	l.open.Done()
}

// wake has Accept look again.
func (l *listener) wake() {
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

// share is what a peer's share goes by. Whoever has an IPv6 address has the
// whole network of 64 bits that it is in (RFC 4291 section 2.5.1); all machines
// of a wire have the same one where addresses are link-local.
func share(a netip.Addr) netip.Addr {
	if !a.Is6() || a.IsLinkLocalUnicast() {
		return a
	}
	network, _ := a.WithZone("").Prefix(64) // an IPv6 address has 128 bits
	return network.Addr()
}

// peerOf is the remote address, the zero one where it isn't IP.
func peerOf(nc net.Conn) netip.AddrPort {
	addr, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(addr.AddrPort())
}
