package tftp

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Waiting for a packet has two gears.
//
// A transfer that is under way waits in recv(2): the kernel wakes it with the
// least delay, one system call per packet. That takes a thread, so it is for
// a crowd of no more transfers than there are cores. In a larger crowd, or
// when the peer is slow (nothing for hotWait), a transfer waits in the
// runtime's poller, where it costs no thread.
//
// The descriptor is in the poller only for that long: while it is, every
// packet wakes the thread that waits there, for nothing when the transfer
// waits in recv. That alone cost a quarter of the lockstep throughput.

// hotWait is how long a thread waits for a packet before it is given back.
const hotWait = 20 * time.Millisecond

// quickWaits is how many packets in a row must come sooner than hotWait
// before a transfer in the poller may leave it.
const quickWaits = 8

func (s *socket) wait(buf []byte, wait time.Duration) (int, error) {
	if wait < hotWait && !s.cold.entered() {
		return s.brief(buf, wait)
	}
	if s.mayBlock() {
		n, err := receive(s.fd, buf, 0)
		if err != unix.EAGAIN {
			return n, err
		}
		s.slow()
		wait -= hotWait
	}
	return s.park(buf, wait)
}

// mayBlock reports whether this wait may have a thread, and leaves the poller
// if so.
func (s *socket) mayBlock() bool {
	if !s.lively || s.crowd.lively.Load() > s.crowd.most {
		return false
	}
	if !s.cold.entered() {
		return true
	}
	if s.quick < quickWaits {
		return false
	}
	s.leavePoller()
	return true
}

// A crowd counts the transfers whose peers answer quickly.
type crowd struct {
	lively atomic.Int32
	most   int32 // so many may wait in the kernel
}

// newCrowd lets one transfer per core wait in the kernel: with more of them
// there is always one that has a packet, and a thread that serves them all by
// turns beats threads that wake each other.
func newCrowd() *crowd { return &crowd{most: int32(min(runtime.GOMAXPROCS(0), maxBlocked))} }

// maxBlocked bounds the threads of a server that wait for packets.
const maxBlocked = 64

func (s *socket) fast() {
	if !s.lively {
		s.lively = true
		s.crowd.lively.Add(1)
	}
}

func (s *socket) slow() {
	s.quick = 0
	if s.lively {
		s.lively = false
		s.crowd.lively.Add(-1)
	}
}

// brief waits for less than the granularity of the poller and of SO_RCVTIMEO.
func (s *socket) brief(buf []byte, wait time.Duration) (int, error) {
	n, err := receive(s.fd, buf, unix.MSG_DONTWAIT)
	if err != unix.EAGAIN || wait <= 0 {
		return n, err
	}
	if err := pollIn(s.fd, wait); err != nil {
		return 0, err
	}
	return receive(s.fd, buf, unix.MSG_DONTWAIT)
}

// park waits in the runtime's poller. In a crowd the others go first: by the
// time it is this transfer's turn again, the packet is often there.
func (s *socket) park(buf []byte, wait time.Duration) (int, error) {
	runtime.Gosched()
	began := time.Now()
	until := began.Add(wait)
	took := time.Duration(0)
	for {
		if err := s.enterPoller(began.Add(took), until); err != nil {
			return 0, err
		}
		n, err := s.cold.read(buf)
		took = time.Since(began)
		if err == unix.EAGAIN && took < wait && !s.isStopped() {
			continue // the deadline was that of an earlier wait
		}
		if took >= hotWait {
			s.slow()
		} else if s.quick++; s.quick >= quickWaits {
			s.fast()
		}
		return n, err
	}
}

func (s *socket) enterPoller(now, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return ErrStopped
	}
	return s.cold.enter(s.fd, now, until)
}

func (s *socket) leavePoller() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cold.leave()
	s.quick = 0
}

// A coldWait is a stay in the runtime's poller: a second descriptor of the
// socket that is registered there.
type coldWait struct {
	file *os.File
	raw  syscall.RawConn
	till time.Time             // the deadline that file has
	poll func(fd uintptr) bool // made once: a closure per wait would be garbage per wait
	buf  []byte
	n    int
	err  error
}

func (c *coldWait) entered() bool { return c.file != nil }

// enter makes sure that a read ends at the given time or before. A deadline
// that is in the future and soon enough stays: setting one for each packet
// would cost more than waking up now and then for nothing.
func (c *coldWait) enter(fd int, now, until time.Time) error {
	if c.file == nil {
		if err := c.register(fd); err != nil {
			return err
		}
		c.till = time.Time{}
	}
	if c.till.After(now) && !c.till.After(until) {
		return nil
	}
	c.till = until
	return c.file.SetReadDeadline(until)
}

// register duplicates the descriptor. Both share O_NONBLOCK, which os.NewFile
// looks at once; the reads here say MSG_DONTWAIT themselves.
func (c *coldWait) register(fd int) error {
	double, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("dup", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(double)
		return os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(double), "udp")
	raw, err := file.SyscallConn()
	if err := errors.Join(err, unix.SetNonblock(fd, false)); err != nil {
		file.Close()
		return err
	}
	c.file, c.raw = file, raw
	if c.poll == nil {
		c.poll = func(fd uintptr) bool {
			c.n, c.err = receive(int(fd), c.buf, unix.MSG_DONTWAIT)
			return c.err != unix.EAGAIN
		}
	}
	return nil
}

func (c *coldWait) read(buf []byte) (int, error) {
	c.buf = buf
	err := c.raw.Read(c.poll)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, unix.EAGAIN
	case err != nil:
		return 0, err
	}
	return c.n, c.err
}

func (c *coldWait) interrupt() {
	if c.file != nil {
		_ = c.file.SetReadDeadline(time.Unix(1, 0))
	}
}

func (c *coldWait) leave() error {
	if c.file == nil {
		return nil
	}
	file := c.file
	c.file, c.raw = nil, nil
	return file.Close()
}

// receive is recv(2), without an address: the socket is connected.
//
// What cannot block is called raw, here and in write: the scheduler then does
// not expect this thread to be gone for long, and its monitor, which looks for
// such threads every 20 us, goes to sleep. That saves a tenth of the time of a
// busy server.
func receive(fd int, buf []byte, flags int) (int, error) {
	for {
		var n uintptr
		var errno syscall.Errno
		if flags&unix.MSG_DONTWAIT != 0 {
			n, _, errno = unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), uintptr(flags), 0, 0)
		} else {
			n, _, errno = unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), uintptr(flags), 0, 0)
		}
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// write sends one packet, or a burst that the kernel cuts. It waits only when
// the socket's buffer is full.
func write(fd int, p []byte) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	for errno == unix.EAGAIN || errno == unix.EINTR {
		_, _, errno = unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
		if errno == unix.EAGAIN { // not in maxWait (SO_SNDTIMEO)
			break
		}
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// pollIn waits until fd has a packet; EAGAIN when it hasn't in time.
func pollIn(fd int, wait time.Duration) error {
	fds := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	limit := unix.NsecToTimespec(int64(wait))
	n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), 1, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	switch {
	case errno == unix.EINTR:
		return nil
	case errno != 0:
		return errno
	case n == 0:
		return unix.EAGAIN
	}
	return nil
}
