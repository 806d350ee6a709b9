package tftp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A socket is the link of a transfer with a UDP port of its own, connected to
// the peer: the kernel keeps other senders out, reports a closed port and
// looks up the route once. How it waits is told in wait.go.
type socket struct {
	fd     int // blocks for at most hotWait
	crowd  *crowd
	poller *poller
	burst  burst
	claim  claim // to all below, and to send

	lively  bool      // counted in crowd
	quick   int       // waits in a row that were short
	watched bool      // by the poller
	drained bool      // nothing was there when last looked, and nothing has come since, or the claim tells
	heard   time.Time // when something came, or the wait began
	mail    *mail
	trouble syscall.Errno // of the socket, yet to be told
	moved   bool          // what deal said, yet to be told
	// deal deals with a packet on the spot, without waiting. It is called
	// while the transfer waits in recv, perhaps on another thread.
	deal   func(packet []byte) outcome
	alarm  *time.Timer
	handed chan struct{} // the claim, from a worker

	mu      sync.Mutex // guards fd against interrupt
	stop    chan struct{}
	stopped bool
	closed  bool
}

// dial makes a socket between the given addresses. An invalid remote leaves
// it unconnected; connect does that later.
func dial(local, remote netip.AddrPort, crowd *crowd, poller *poller) (*socket, error) {
	family := unix.AF_INET6
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{fd: fd, crowd: crowd, poller: poller, handed: make(chan struct{}, 1), stop: make(chan struct{})}
	if err := s.prepare(local, remote); err != nil {
		unix.Close(fd)
		return nil, err
	}
	s.fast()
	return s, nil
}

func (s *socket) prepare(local, remote netip.AddrPort) error {
	wait := unix.NsecToTimeval(int64(hotWait))
	// Blocks larger than the path's MTU are the client's wish (RFC 2348):
	// let routers fragment them.
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(s.fd, sockaddr(local)); err != nil {
		return os.NewSyscallError("bind "+local.String(), err)
	}
	if remote.IsValid() {
		return s.connect(remote)
	}
	return nil
}

// connect ties the socket to its peer.
func (s *socket) connect(peer netip.AddrPort) error {
	return os.NewSyscallError("connect", unix.Connect(s.fd, sockaddr(peer)))
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

// window prepares the socket for windows of packets of the given size, sent
// or received.
func (s *socket) window(stride, count int) {
	if count == 1 {
		return
	}
	s.burst.prepare(s.fd, stride)
	size := min(2*stride*count+(64<<10), 4<<20)
	if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil { // needs CAP_NET_ADMIN
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size)
	}
}

// attended lets the poller deal with packets.
func (s *socket) attended(deal func(packet []byte) outcome) { s.deal, s.mail = deal, newMail() }

func (s *socket) send(p []byte, stride int) error {
	for {
		taken, err := s.offer(p, stride)
		if !errors.Is(err, errFull) {
			return err
		}
		p = p[taken:]
		switch err := poll(s.fd, unix.POLLOUT, maxWait); err {
		case nil:
		case unix.EAGAIN: // as good as lost on the way
			return nil
		default:
			return os.NewSyscallError("poll", err)
		}
	}
}

// offer is send that doesn't wait: with errFull it says how many bytes, of
// whole packets, the socket had room for.
func (s *socket) offer(p []byte, stride int) (taken int, err error) {
	if len(p) <= stride {
		err = write(s.fd, p)
	} else {
		taken, err = s.burst.send(s.fd, p, stride)
	}
	switch err {
	case unix.EAGAIN:
		return taken, errFull
	case nil, unix.ENOBUFS: // what the host has no room for is as good as lost on the way
		return len(p), nil
	case unix.ECONNREFUSED:
		return taken, ErrGone
	}
	return taken, os.NewSyscallError("send", err)
}

// sendTo sends one packet from a socket that is not connected.
func (s *socket) sendTo(p []byte, to netip.AddrPort) error {
	return os.NewSyscallError("send", unix.Sendto(s.fd, p, 0, sockaddr(to)))
}

func (s *socket) recv(buf []byte, wait time.Duration) (int, error) {
	n, err := s.wait(buf, wait)
	if n == 0 && s.isStopped() { // what has arrived before still counts
		n, _ = receive(s.fd, buf, unix.MSG_DONTWAIT)
	}
	switch {
	case n > 0:
		return n, nil
	case s.isStopped():
		return 0, ErrStopped
	case err == unix.ECONNREFUSED:
		return 0, ErrGone
	case err == unix.EAGAIN:
		return 0, errAgain
	case errors.Is(err, errMoved):
		return 0, err
	case err != nil:
		return 0, os.NewSyscallError("receive", err)
	}
	return 0, nil
}

// first waits for the first packet from an address, on a socket that is not
// connected yet.
func (s *socket) first(buf []byte, from netip.Addr, deadline time.Time) (int, netip.AddrPort, error) {
	for {
		if s.isStopped() {
			return 0, netip.AddrPort{}, ErrStopped
		}
		n, peer, err := unix.Recvfrom(s.fd, buf, 0)
		switch {
		case err == unix.EAGAIN && time.Now().After(deadline):
			return 0, netip.AddrPort{}, errAgain
		case err == unix.EAGAIN, err == unix.EINTR:
			continue
		case err != nil:
			return 0, netip.AddrPort{}, os.NewSyscallError("receive", err)
		}
		if peer := addrPort(peer); peer.Addr().WithZone("") == from.WithZone("") {
			return n, peer, nil
		}
	}
}

func addrPort(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr).Unmap()
		if a.ZoneId != 0 {
			ip = ip.WithZone(strconv.Itoa(int(a.ZoneId)))
		}
		return netip.AddrPortFrom(ip, uint16(a.Port))
	}
	return netip.AddrPort{}
}

func (s *socket) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// interrupt wakes recv: shutting down reception ends a wait in the kernel
// with 0 bytes. Sending still works, so that the peer can be told.
func (s *socket) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	close(s.stop)
	if !s.closed {
		_ = unix.Shutdown(s.fd, unix.SHUT_RD)
	}
}

func (s *socket) close() error {
	s.slow()
	s.leavePoller()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return unix.Close(s.fd)
}
