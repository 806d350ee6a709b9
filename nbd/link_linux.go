package nbd

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/vigil"
)

// link is a transport over a stream socket, which waits in two ways.
//
// Where requests come at short intervals it waits in recv(2): the kernel wakes
// it with the least delay, by one system call. That takes a thread, so it is
// for no more connections than there are cores. Any other waits in the
// runtime's poller, where it costs no thread.
//
// The socket is in the poller only for that long: while it is, all that comes
// wakes the thread that waits there, for nothing when another is in recv.
type link struct {
	fd      int // blocks for at most hotWait, and then says EAGAIN
	crowd   *crowd
	timeout time.Duration // of a send
	early   []byte        // was read before
	vector  [maxVector]unix.Iovec
	stopped atomic.Bool
	pipes   chan *pipe // free ones; nil is one that is yet to be made

	// Of the reader.
	hot   bool // counted in crowd
	vigil vigil.Vigil
	short int // waits in a row that were short
	cold  *os.File
	raw   syscall.RawConn
	try   func(fd uintptr) bool // made once
	p     []byte
	n     int
	err   error
	until time.Time // of a Read

	// Of the sender.
	since time.Time // it waited for the peer first
	taken int       // bytes that the peer has taken since
}

const (
	// hotWait is how long a thread waits before it is given back.
	hotWait = 20 * time.Millisecond
	// sendBuffer is how much waits in a Unix socket, in bytes.
	sendBuffer = 1 << 20
	// shortWaits is how many waits in a row must be shorter than hotWait
	// before a link leaves the poller.
	shortWaits = 8
	// maxVector is the most pieces that a system call sends.
	maxVector = 64
	// maxHot bounds the threads that wait.
	maxHot = 64
)

// crowd counts the links that wait by a thread each.
type crowd struct {
	hot  atomic.Int32
	most int32
}

func newCrowd() *crowd { return &crowd{most: int32(min(runtime.GOMAXPROCS(0), maxHot))} }

// newTransport takes a connection over; early was read from it before.
func newTransport(nc net.Conn, early []byte, c *crowd, timeout time.Duration) transport {
	var fd int
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		fd, err = detach(nc)
	case *net.UnixConn:
		if fd, err = detach(nc); err == nil {
			widen(fd)
		}
	default:
		err = errors.ErrUnsupported
	}
	if err != nil {
		return newPlain(nc, early, timeout)
	}
	nc.Close()
	l := &link{fd: fd, crowd: c, timeout: timeout, early: early, pipes: make(chan *pipe, maxPipes)}
	for range maxPipes {
		l.pipes <- nil
	}
	l.try = func(fd uintptr) bool {
		l.n, l.err = recv(int(fd), l.p, unix.MSG_DONTWAIT)
		return l.err != unix.EAGAIN
	}
	return l
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
		wait := unix.NsecToTimeval(int64(hotWait))
		err = errors.Join(unix.SetNonblock(fd, false),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait))
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

// Read implements transport.
func (l *link) Read(p []byte) (int, error) {
	if len(l.early) > 0 {
		n := copy(p, l.early)
		l.early = l.early[n:]
		return n, nil
	}
	if l.stopped.Load() { // SHUT_RD alone doesn't stop a TCP peer that goes on
		return 0, io.EOF
	}
	n, err := l.read(p)
	switch {
	case err != nil:
		return 0, os.NewSyscallError("recv", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (l *link) read(p []byte) (int, error) {
	if l.hot {
		n, err := l.wait(p)
		if err != unix.EAGAIN {
			return n, err
		}
		l.cool()
	}
	if l.cold == nil {
		if err := l.enterPoller(); err != nil {
			return 0, err
		}
	}
	if err := l.cold.SetReadDeadline(l.until); err != nil {
		return 0, err
	}
	began := time.Now()
	l.p = p
	err := l.raw.Read(l.try)
	if err == nil {
		err = l.err
	}
	l.p = nil
	if time.Since(began) > hotWait {
		l.short = 0
	} else if l.short++; l.short >= shortWaits {
		l.heat()
	}
	return l.n, err
}

// wait waits by the thread, awake for as long as that is worth it.
func (l *link) wait(p []byte) (int, error) {
	now := time.Now()
	for l.vigil.Begin(now); l.vigil.Look(now); now = time.Now() {
		n, err := recv(l.fd, p, unix.MSG_DONTWAIT)
		if err != unix.EAGAIN {
			return n, err
		}
		_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	n, err := recv(l.fd, p, 0)
	l.vigil.End(time.Now())
	return n, err
}

// heat leaves the poller, if there are few who wait by a thread.
func (l *link) heat() {
	l.short = 0
	if l.crowd.hot.Add(1) > l.crowd.most {
		l.crowd.hot.Add(-1)
		return
	}
	l.hot = true
	l.leavePoller()
}

func (l *link) cool() {
	if l.hot {
		l.hot = false
		l.crowd.hot.Add(-1)
	}
}

func (l *link) enterPoller() (err error) {
	if l.cold, err = pollable(l.fd); err != nil {
		return err
	}
	l.raw, err = l.cold.SyscallConn()
	return err
}

func (l *link) leavePoller() {
	if l.cold != nil {
		l.cold.Close()
		l.cold, l.raw = nil, nil
	}
}

// pollable returns a second descriptor, which is in the poller. Both share
// O_NONBLOCK, which os.NewFile looks at once.
func pollable(fd int) (*os.File, error) {
	double, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(double)
		return nil, err
	}
	file := os.NewFile(uintptr(double), "nbd")
	return file, unix.SetNonblock(fd, false)
}

// expect implements transport.
func (l *link) expect(until time.Time) { l.until = until }

// send implements transport.
func (l *link) send(all [][]byte) error {
	for len(all) > 0 {
		n, err := l.sendSome(all)
		if err != nil {
			return os.NewSyscallError("send", err)
		}
		l.took(n)
		for len(all) > 0 && n >= len(all[0]) {
			n -= len(all[0])
			all = all[1:]
		}
		if len(all) > 0 {
			all[0] = all[0][n:]
		}
	}
	l.since = time.Time{}
	return nil
}

func (l *link) sendSome(all [][]byte) (int, error) {
	count := min(len(all), maxVector)
	for i, b := range all[:count] {
		l.vector[i].Base = unsafe.SliceData(b)
		l.vector[i].SetLen(len(b))
	}
	defer clear(l.vector[:count])
	n, err := l.sendVector(count)
	if err == unix.EAGAIN {
		err = l.waitForRoom()
	}
	return n, err
}

func (l *link) sendVector(count int) (int, error) {
	m := unix.Msghdr{Iov: &l.vector[0]}
	m.SetIovlen(count)
	for {
		n, _, err := unix.Syscall(unix.SYS_SENDMSG, uintptr(l.fd), uintptr(unsafe.Pointer(&m)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
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
func (l *link) waitForRoom() error {
	fds := [1]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLOUT}}
	if n, err := unix.Poll(fds[:], int(hotWait/time.Millisecond)); n > 0 || err == unix.EINTR {
		return nil
	}
	file, err := pollable(l.fd)
	if err != nil {
		return err
	}
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if l.since.IsZero() {
		l.since, l.taken = time.Now(), 0
	}
	if err := file.SetWriteDeadline(l.since.Add(l.timeout)); err != nil {
		return err
	}
	return raw.Write(func(fd uintptr) bool {
		fds[0].Revents = 0
		n, err := unix.Poll(fds[:], 0)
		return n > 0 || err != nil
	})
}

// took counts what the peer has taken.
func (l *link) took(n int) {
	if l.taken += n; l.taken >= sendPiece {
		l.since = time.Time{}
	}
}

func (l *link) stopReading() {
	l.stopped.Store(true)
	_ = unix.Shutdown(l.fd, unix.SHUT_RD)
}

func (l *link) cut() { _ = unix.Shutdown(l.fd, unix.SHUT_RDWR) }

func (l *link) close() {
	l.cool()
	l.leavePoller()
	l.closePipes()
	unix.Close(l.fd)
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
