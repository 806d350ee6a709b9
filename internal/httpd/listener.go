package httpd

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// listener hands out a bounded number of connections, in all and per peer.
// Beyond the first bound peers wait in the kernel's backlog; beyond the second
// they are closed, since they would stand before the others there.
type listener struct {
	net.Listener
	stall   time.Duration
	perPeer int
	refused func(netip.AddrPort) // may be nil

	threads threads
	slots   chan struct{}
	done    chan struct{}
	once    sync.Once
	open    sync.WaitGroup

	mu    sync.Mutex
	peers map[netip.Addr]int // connections by address; none for 0
}

func newListener(ln net.Listener, b Bounds, refused func(netip.AddrPort)) *listener {
	return &listener{
		Listener: ln,
		stall:    b.StallTimeout,
		perPeer:  b.PeerConns,
		refused:  refused,
		slots:    make(chan struct{}, b.Conns),
		done:     make(chan struct{}),
		peers:    make(map[netip.Addr]int),
	}
}

// Accept waits for a free place first, then for a connection.
func (l *listener) Accept() (net.Conn, error) {
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.done:
			return nil, net.ErrClosed
		}
		nc, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		if c := l.admit(nc); c != nil {
			return c, nil
		}
		nc.Close()
		<-l.slots
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

// admit is nil when the peer has its share already.
func (l *listener) admit(nc net.Conn) *conn {
	peer := peerOf(nc)
	l.mu.Lock()
	full := l.peers[peer.Addr()] >= l.perPeer
	if !full {
		l.peers[peer.Addr()]++
	}
	l.mu.Unlock()
	if full {
		if l.refused != nil {
			l.refused(peer)
		}
		return nil
	}
	l.open.Add(1)
	return &conn{Conn: nc, stall: l.stall, threads: &l.threads, release: func() { l.leave(peer.Addr()) }}
}

func (l *listener) leave(peer netip.Addr) {
	l.mu.Lock()
	if l.peers[peer]--; l.peers[peer] == 0 {
		delete(l.peers, peer)
	}
	l.mu.Unlock()
	<-l.slots
	l.open.Done()
}

// peerOf is the remote address, the zero one where it isn't IP.
func peerOf(nc net.Conn) netip.AddrPort {
	addr, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(addr.AddrPort())
}
