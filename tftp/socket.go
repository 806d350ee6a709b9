package tftp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A socket is the link of a transfer with a UDP port of its own, connected to
// the peer: the kernel keeps other senders out, reports a closed port and looks
// up the route once.
type socket struct {
	udpWriter
	fd        int             // of conn
	raw       syscall.RawConn // of conn
	connected bool
	stopped   atomic.Bool
	stop      func() bool

	tryRecv func(fd uintptr) bool // recvNow, as a value that is made once
	buf     []byte                // for recvNow, and what came of it
	n       int
	err     error
}

// dial makes a socket between two addresses, which is interrupted when ctx ends.
func dial(ctx context.Context, local, remote netip.AddrPort) (*socket, error) {
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(remote))
	if err != nil {
		return nil, err
	}
	s, err := newSocket(ctx, conn, netip.AddrPort{})
	if err == nil {
		s.connected = true
	}
	return s, err
}

func newSocket(ctx context.Context, conn *net.UDPConn, remote netip.AddrPort) (*socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	s := &socket{udpWriter: udpWriter{conn: conn, remote: remote}, raw: raw}
	s.tryRecv = s.recvNow
	err = s.control(func(fd int) error {
		s.fd = fd
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
	var failed error
	err := s.raw.Control(func(fd uintptr) { failed = do(int(fd)) })
	return errors.Join(err, failed)
}

// connect ties a socket that isn't connected yet to its peer.
func (s *socket) connect(peer netip.AddrPort) error {
	s.remote, s.connected = peer, true
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
	if s.connected && len(p) <= stride {
		_, err := now(unix.SYS_SENDTO, s.fd, p)
		if err == nil || errors.Is(err, unix.ECONNREFUSED) {
			return s.meaning(err)
		}
	}
	return s.meaning(s.udpWriter.send(p, stride)) // which waits for room
}

func (s *socket) recv(buf []byte, wait time.Duration) (int, error) {
	s.buf = buf
	err := s.arm(wait)
	if err == nil {
		err = s.raw.Read(s.tryRecv)
	}
	// What is there already counts, although the time to wait for it is over.
	if err != nil && !s.recvNow(uintptr(s.fd)) {
		return 0, s.meaning(err)
	}
	return s.n, s.meaning(s.err)
}

// recvNow receives a packet into buf; false if there is none.
func (s *socket) recvNow(uintptr) bool {
	s.n, s.err = now(unix.SYS_RECVFROM, s.fd, s.buf)
	return !errors.Is(s.err, unix.EAGAIN)
}

// now sends or receives a packet without waiting. The scheduler of Go isn't told
// of the system call: that would wake its monitor thread for every block of a
// transfer in lockstep, which is a quarter of all the work.
func now(call uintptr, fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// recvFrom is recv that also tells the sender of the packet.
func (s *socket) recvFrom(buf []byte, wait time.Duration) (int, netip.AddrPort, error) {
	if err := s.arm(wait); err != nil {
		return 0, netip.AddrPort{}, err
	}
	n, from, err := s.conn.ReadFromUDPAddrPort(buf)
	return n, from, s.meaning(err)
}

// arm sets how long the next packet is waited for.
func (s *socket) arm(wait time.Duration) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	if s.stopped.Load() { // the deadline of interrupt may have been replaced
		return ErrStopped
	}
	return nil
}

// meaning is what a system's error says of a transfer.
func (s *socket) meaning(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ECONNREFUSED):
		return ErrGone
	case s.stopped.Load():
		return ErrStopped
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errAgain
	}
	return err
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
