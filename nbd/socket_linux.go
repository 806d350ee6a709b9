package nbd

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a transport over a stream socket whose reader blocks a thread in
// recv(2): the kernel wakes it by one system call. Through the runtime's poller a
// client with one command in flight is served a quarter less. The socket isn't
// in the poller, where all that comes would wake the thread that waits there.
type socket struct {
	fd      int // blocks
	threads chan struct{}
	timeout time.Duration // of a send
	stopped atomic.Bool
	pipes   chan *pipe // free ones; nil is one that is yet to be made

	readUntil time.Time // the reader's

	// Of the sender.
	vector    [maxVector]unix.Iovec
	sendUntil time.Time // zero while it hasn't waited for the peer
	taken     int       // bytes that the peer has taken since it has
}

const (
	// sendBuffer is how much waits in a Unix socket, in bytes.
	sendBuffer = 1 << 20
	// sendWait is how long a system call that sends blocks where the kernel
	// can't be told not to, as splice(2) before Linux 6.5.
	sendWait = 20 * time.Millisecond
	// maxVector is the most pieces that a system call sends.
	maxVector = 64
)

// newTransport takes a connection over. Those beyond the room in threads, and
// those that are no sockets, don't block a thread.
func newTransport(nc net.Conn, threads chan struct{}, timeout time.Duration) transport {
	stream, ok := nc.(syscall.Conn)
	if !ok {
		return newPlain(nc, timeout)
	}
	select {
	case threads <- struct{}{}:
	default:
		return newPlain(nc, timeout)
	}
	fd, err := detach(stream)
	if err != nil {
		<-threads
		return newPlain(nc, timeout)
	}
	nc.Close()
	if _, ok := nc.(*net.UnixConn); ok {
		widen(fd)
	}
	s := &socket{fd: fd, threads: threads, timeout: timeout, pipes: make(chan *pipe, maxPipes)}
	for range maxPipes {
		s.pipes <- nil
	}
	return s
}

// detach returns a descriptor of the socket that isn't in the poller.
func detach(nc syscall.Conn) (int, error) {
	raw, err := nc.SyscallConn()
	if err != nil {
		return 0, err
	}
	fd := -1
	ctl := raw.Control(func(old uintptr) {
		if fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0); err != nil {
			return
		}
		wait := unix.NsecToTimeval(int64(sendWait))
		err = errors.Join(unix.SetNonblock(fd, false), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait))
		if err != nil {
			unix.Close(fd)
		}
	})
	return fd, errors.Join(ctl, err)
}

// widen gives a Unix socket room for several replies, so that both sides work
// at the same time. TCP sees to that itself.
func widen(fd int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer) != nil { // needs CAP_NET_ADMIN
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
}

// Read implements transport. SHUT_RD alone doesn't stop a TCP peer that goes on.
func (s *socket) Read(p []byte) (int, error) {
	flags := 0
	if !s.readUntil.IsZero() {
		flags = unix.MSG_DONTWAIT
	}
	for !s.stopped.Load() {
		n, err := recv(s.fd, p, flags)
		switch {
		case err == unix.EAGAIN:
			if err := s.wait(unix.POLLIN, s.readUntil); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, os.NewSyscallError("recv", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
	return 0, io.EOF
}

// expect implements transport.
func (s *socket) expect(until time.Time) { s.readUntil = until }

// wait waits until something can be read, or sent.
func (s *socket) wait(events int16, until time.Time) error {
	for {
		left := time.Until(until)
		if left <= 0 {
			return os.ErrDeadlineExceeded
		}
		fds := [1]unix.PollFd{{Fd: int32(s.fd), Events: events}}
		n, err := unix.Poll(fds[:], int(left/time.Millisecond)+1)
		switch {
		case n > 0:
			return nil
		case err != nil && err != unix.EINTR:
			return os.NewSyscallError("poll", err)
		}
	}
}

// send implements transport.
func (s *socket) send(all [][]byte) error {
	for len(all) > 0 {
		n, err := s.sendSome(all)
		if err != nil {
			return os.NewSyscallError("send", err)
		}
		s.took(n)
		for len(all) > 0 && n >= len(all[0]) {
			n -= len(all[0])
			all = all[1:]
		}
		if len(all) > 0 {
			all[0] = all[0][n:]
		}
	}
	s.sendUntil = time.Time{}
	return nil
}

func (s *socket) sendSome(all [][]byte) (int, error) {
	count := min(len(all), maxVector)
	for i, b := range all[:count] {
		s.vector[i].Base = unsafe.SliceData(b)
		s.vector[i].SetLen(len(b))
	}
	defer clear(s.vector[:count])
	n, err := s.sendVector(count)
	if err == unix.EAGAIN {
		err = s.waitForRoom()
	}
	return n, err
}

func (s *socket) sendVector(count int) (int, error) {
	m := unix.Msghdr{Iov: &s.vector[0]}
	m.SetIovlen(count)
	for {
		n, _, err := unix.Syscall(unix.SYS_SENDMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&m)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}

// waitForRoom waits until the peer has taken something.
func (s *socket) waitForRoom() error {
	if s.sendUntil.IsZero() {
		s.sendUntil, s.taken = time.Now().Add(s.timeout), 0
	}
	return s.wait(unix.POLLOUT, s.sendUntil)
}

// took counts what the peer has taken.
func (s *socket) took(n int) {
	if s.taken += n; s.taken >= sendPiece {
		s.sendUntil = time.Time{}
	}
}

func (s *socket) stopReading() {
	s.stopped.Store(true)
	_ = unix.Shutdown(s.fd, unix.SHUT_RD)
}

func (s *socket) cut() { _ = unix.Shutdown(s.fd, unix.SHUT_RDWR) }

func (s *socket) close() {
	s.closePipes()
	unix.Close(s.fd)
	<-s.threads
}

// recv doesn't allocate, as unix.Recvfrom would.
func recv(fd int, p []byte, flags int) (int, error) {
	for {
		n, _, err := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
			uintptr(flags), 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}
