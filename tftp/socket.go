package tftp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A socket is the link of a transfer with a UDP port of its own, connected to
// the peer: the kernel keeps other senders out, reports a closed port and looks
// up the route once.
type socket struct {
	output
	stopped atomic.Bool
	stop    func() bool
}

// dial makes a socket between two addresses, which is interrupted when ctx ends.
func dial(ctx context.Context, local, remote netip.AddrPort) (*socket, error) {
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(remote))
	if err != nil {
		return nil, err
	}
	return newSocket(ctx, conn, netip.AddrPort{})
}

func newSocket(ctx context.Context, conn *net.UDPConn, remote netip.AddrPort) (*socket, error) {
	s := &socket{output: output{conn: conn, remote: remote}}
	err := s.control(func(fd int) error {
		// Blocks larger than the path's MTU are the client's wish (RFC 2348):
		// routers may fragment them.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
		return nil
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	s.stop = context.AfterFunc(ctx, s.interrupt)
	return s, nil
}

func (s *socket) control(do func(fd int) error) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = do(int(fd)) })
	return errors.Join(err, failed)
}

// connect ties a socket that isn't connected yet to its peer.
func (s *socket) connect(peer netip.AddrPort) error {
	s.remote = peer
	return s.control(func(fd int) error {
		return os.NewSyscallError("connect", unix.Connect(fd, sockaddr(peer)))
	})
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	ip := a.Addr()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16(), ZoneId: zoneIndex(ip.Zone())}
}

func zoneIndex(zone string) uint32 {
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}

// window prepares the socket for what was agreed, as a sender or a receiver of
// windows.
func (s *socket) window(agreed terms) {
	if agreed.windowSize == 1 {
		return
	}
	stride := headerSize + agreed.blockSize
	s.segment(stride)
	size := min(2*stride*agreed.windowSize+(64<<10), 4<<20)
	_ = s.control(func(fd int) error {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil { // needs CAP_NET_ADMIN
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size)
		}
		return nil
	})
}

func (s *socket) send(p []byte, stride int) error {
	err := s.output.send(p, stride)
	if errors.Is(err, unix.ECONNREFUSED) {
		return ErrGone
	}
	return err
}

func (s *socket) recv(buf []byte, wait time.Duration) (int, error) {
	n, _, err := s.recvFrom(buf, wait)
	if errors.Is(err, errAgain) || errors.Is(err, ErrStopped) {
		if n := s.arrived(buf); n > 0 {
			return n, nil
		}
	}
	return n, err
}

// recvFrom is recv that also tells the sender of the packet.
func (s *socket) recvFrom(buf []byte, wait time.Duration) (int, netip.AddrPort, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, netip.AddrPort{}, err
	}
	if s.stopped.Load() { // the deadline of interrupt may have been replaced
		return 0, netip.AddrPort{}, ErrStopped
	}
	n, from, err := s.conn.ReadFromUDPAddrPort(buf)
	switch {
	case err == nil:
	case s.stopped.Load():
		err = ErrStopped
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errAgain
	case errors.Is(err, unix.ECONNREFUSED):
		err = ErrGone
	}
	return n, from, err
}

// arrived reads a packet that is there already: it counts, although the time to
// wait for one is over.
func (s *socket) arrived(buf []byte) (n int) {
	_ = s.control(func(fd int) (err error) {
		n, _, err = unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		return err
	})
	return n
}

// interrupt ends waiting, for good. Sending still works, so that the peer can
// be told.
func (s *socket) interrupt() {
	s.stopped.Store(true)
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails where the socket is closed already
}

func (s *socket) close() {
	s.stop()
	s.conn.Close()
}
