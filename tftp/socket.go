package tftp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A socket is the link of a transfer with a UDP port of its own, connected to
// the peer: the kernel keeps other senders out, reports a closed port and
// looks up the route once.
//
// Receiving has two gears. A transfer that is under way blocks in the kernel,
// which wakes it with the least delay; that takes a thread, so the number of
// transfers that may is bounded by seats. A transfer that hasn't heard from
// its peer for hotWait, or finds no seat, waits in the runtime's poller,
// which costs a thread nothing.
type socket struct {
	conn  *net.UDPConn
	raw   syscall.RawConn
	fd    int
	seats chan struct{}
	hot   bool // has a seat
	burst burst

	// State of a wait in the poller; poll is made once.
	poll func(fd uintptr) bool
	buf  []byte
	n    int
	err  error

	mu      sync.Mutex // guards conn against interrupt after close
	stopped bool
	closed  bool
}

// hotWait is how long a thread waits for a packet before it is given back.
const hotWait = 20 * time.Millisecond

// dial makes a socket between the given addresses. An invalid remote leaves
// it unconnected; connect does that later.
func dial(local, remote netip.AddrPort, seats chan struct{}) (*socket, error) {
	network := "udp4"
	if local.Addr().Is6() && !local.Addr().Is4In6() {
		network = "udp6"
	}
	laddr := net.UDPAddrFromAddrPort(local)
	var conn *net.UDPConn
	var err error
	if remote.IsValid() {
		conn, err = net.DialUDP(network, laddr, net.UDPAddrFromAddrPort(remote))
	} else {
		conn, err = net.ListenUDP(network, laddr)
	}
	if err != nil {
		return nil, err
	}
	return newSocket(conn, seats)
}

func newSocket(conn *net.UDPConn, seats chan struct{}) (*socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	s := &socket{conn: conn, raw: raw, seats: seats}
	s.poll = func(fd uintptr) bool {
		s.n, s.err = receive(int(fd), s.buf, unix.MSG_DONTWAIT)
		return s.err != unix.EAGAIN
	}
	if err := s.prepare(); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// prepare makes the descriptor block: the poller's reads say MSG_DONTWAIT.
func (s *socket) prepare() error {
	var err error
	outer := s.raw.Control(func(fd uintptr) {
		s.fd = int(fd)
		// Blocks larger than the path's MTU are the client's wish (RFC 2348):
		// let routers fragment them.
		_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
		wait := unix.NsecToTimeval(int64(hotWait))
		patience := unix.NsecToTimeval(int64(maxWait))
		err = errors.Join(
			unix.SetNonblock(s.fd, false),
			unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
			unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience),
		)
	})
	return errors.Join(outer, err)
}

// window prepares the socket for windows of packets of the given size, sent
// or received.
func (s *socket) window(stride, count int) {
	if count > 1 {
		s.burst.prepare(s.fd, stride)
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, min(2*stride*count+(64<<10), 4<<20))
	}
}

func (s *socket) local() netip.AddrPort {
	return s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (s *socket) send(p []byte, stride int) error {
	var err error
	if len(p) <= stride {
		err = write(s.fd, p)
	} else {
		err = s.burst.send(s.fd, p, stride)
	}
	return s.failure(err)
}

// write sends one packet.
func write(fd int, p []byte) error {
	for {
		_, err := unix.Write(fd, p)
		if err != unix.EINTR {
			return err
		}
	}
}

func receive(fd int, buf []byte, flags int) (int, error) {
	for {
		n, err := recvfrom(fd, buf, flags)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// failure turns errors of the kernel into those of a link. Packets that the
// host itself has no room for are as good as lost on the way.
func (s *socket) failure(err error) error {
	switch err {
	case nil, unix.EAGAIN, unix.ENOBUFS:
		return nil
	case unix.ECONNREFUSED:
		return ErrGone
	}
	if s.isStopped() {
		return ErrStopped
	}
	return os.NewSyscallError("send", err)
}

func (s *socket) recv(buf []byte, wait time.Duration) (int, error) {
	var n int
	var err error
	switch {
	case wait < hotWait:
		n, err = s.short(buf, wait)
	case s.sit():
		n, err = receive(s.fd, buf, 0)
		if err == unix.EAGAIN {
			s.rise()
			n, err = s.park(buf, wait-hotWait)
		}
	default:
		n, err = s.park(buf, wait)
	}
	switch {
	case err == unix.ECONNREFUSED:
		return 0, ErrGone
	case err == unix.EAGAIN:
		return 0, errAgain
	case n == 0 && s.isStopped():
		return 0, ErrStopped
	case err != nil:
		return 0, os.NewSyscallError("receive", err)
	}
	return n, nil
}

// sit takes a seat if there is one.
func (s *socket) sit() bool {
	if s.hot {
		return true
	}
	select {
	case s.seats <- struct{}{}:
		s.hot = true
	default:
	}
	return s.hot
}

func (s *socket) rise() {
	if s.hot {
		s.hot = false
		<-s.seats
	}
}

// short waits for less than the granularity of the poller and of SO_RCVTIMEO.
func (s *socket) short(buf []byte, wait time.Duration) (int, error) {
	n, err := receive(s.fd, buf, unix.MSG_DONTWAIT)
	if err != unix.EAGAIN || wait <= 0 {
		return n, err
	}
	if err := pollIn(s.fd, wait); err != nil {
		return 0, err
	}
	return receive(s.fd, buf, unix.MSG_DONTWAIT)
}

// park waits in the runtime's poller.
func (s *socket) park(buf []byte, wait time.Duration) (int, error) {
	if err := s.arm(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	s.buf = buf
	err := s.raw.Read(s.poll)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, unix.EAGAIN
	case err != nil:
		return 0, err
	}
	return s.n, s.err
}

// arm sets the deadline of the poller, unless interrupt has set it.
func (s *socket) arm(deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return ErrStopped
	}
	return s.conn.SetReadDeadline(deadline)
}

func (s *socket) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// interrupt wakes recv in either gear: shutting down reception ends a blocked
// one with 0 bytes, the deadline one in the poller. Sending still works, so
// that the peer can be told.
func (s *socket) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if !s.closed {
		_ = unix.Shutdown(s.fd, unix.SHUT_RD)
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (s *socket) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rise()
	s.closed = true
	return s.conn.Close()
}

// first waits for the first packet from an address, on a socket that is not
// connected yet.
func (s *socket) first(buf []byte, from netip.Addr, deadline time.Time) (int, netip.AddrPort, error) {
	for {
		if err := s.arm(deadline); err != nil {
			return 0, netip.AddrPort{}, err
		}
		n, peer, err := s.conn.ReadFromUDPAddrPort(buf)
		switch {
		case s.isStopped():
			return 0, netip.AddrPort{}, ErrStopped
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, unix.EAGAIN):
			return 0, netip.AddrPort{}, errAgain
		case err != nil:
			return 0, netip.AddrPort{}, err
		case peer.Addr().Unmap().WithZone("") == from.WithZone(""):
			return n, peer, nil
		}
	}
}

// connect ties the socket to its peer.
func (s *socket) connect(peer netip.AddrPort) error {
	var address unix.Sockaddr
	if ip := peer.Addr().Unmap(); ip.Is4() {
		address = &unix.SockaddrInet4{Port: int(peer.Port()), Addr: ip.As4()}
	} else {
		zone, _ := net.InterfaceByName(ip.Zone())
		six := &unix.SockaddrInet6{Port: int(peer.Port()), Addr: ip.As16()}
		if zone != nil {
			six.ZoneId = uint32(zone.Index)
		}
		address = six
	}
	return os.NewSyscallError("connect", unix.Connect(s.fd, address))
}
