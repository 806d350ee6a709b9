package tftp

import (
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
// when the peer is slow (nothing for hotWait), a transfer leaves its socket to
// the poller, and costs no thread.
//
// The poller has the socket only for that long: while it has, every packet
// wakes a worker, for nothing when the transfer waits in recv. That alone cost
// a quarter of the lockstep throughput.

const (
	// hotWait is how long a thread waits for a packet before it is given back.
	hotWait = 20 * time.Millisecond
	// quickWaits is how many packets in a row must come sooner than hotWait
	// before a transfer may leave the poller.
	quickWaits = 8
	// checkWait is how often a transfer looks whether the poller still hears
	// of its peer.
	checkWait = 100 * time.Millisecond
)

func (s *socket) wait(buf []byte, wait time.Duration) (int, error) {
	if n, err, some := s.delivered(buf); some {
		return n, err
	}
	if wait <= 0 || wait < hotWait && !s.watched {
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

// delivered is what a worker of the poller left for the transfer.
func (s *socket) delivered(buf []byte) (n int, err error, some bool) {
	if s.moved {
		s.moved = false
		return 0, errMoved, true
	}
	if p := s.mail.packet(); p != nil {
		s.mail.next++
		return copy(buf, p), nil, true
	}
	if trouble := s.trouble; trouble != 0 {
		s.trouble = 0
		return 0, trouble, true
	}
	return 0, nil, false
}

// mayBlock reports whether this wait may have a thread, and leaves the poller
// if so.
func (s *socket) mayBlock() bool {
	if !s.lively || s.crowd.isLarge() {
		return false
	}
	if s.watched && s.quick < quickWaits {
		return false
	}
	s.leavePoller()
	return true
}

// mayLeave reports whether the transfer can wait without the poller.
func (s *socket) mayLeave() bool { return s.quick >= quickWaits && !s.crowd.isLarge() }

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

func (c *crowd) isLarge() bool { return c.lively.Load() > c.most }

// note takes in how long the last packet was waited for.
func (s *socket) note(took time.Duration) {
	if took >= hotWait {
		s.slow()
	} else if s.quick++; s.quick >= quickWaits {
		s.fast()
	}
}

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

// brief waits for less than the granularity of SO_RCVTIMEO.
func (s *socket) brief(buf []byte, wait time.Duration) (int, error) {
	n, err := receive(s.fd, buf, unix.MSG_DONTWAIT)
	if err != unix.EAGAIN || wait <= 0 {
		return n, err
	}
	if err := poll(s.fd, unix.POLLIN, wait); err != nil {
		return 0, err
	}
	return receive(s.fd, buf, unix.MSG_DONTWAIT)
}

// park leaves the socket to the poller until there is something that this
// transfer has to do itself, or nothing has been heard of its peer for as long
// as wait.
func (s *socket) park(buf []byte, wait time.Duration) (int, error) {
	if err := s.enterPoller(); err != nil {
		return 0, err
	}
	s.heard = time.Now()
	for {
		if n, err, some := s.delivered(buf); some {
			return n, err
		}
		if !s.drained {
			n, err := receive(s.fd, buf, unix.MSG_DONTWAIT)
			if err != unix.EAGAIN {
				s.note(time.Since(s.heard))
				return n, err
			}
			s.drained = true
		}
		if !s.claim.release() {
			s.drained = false
			continue
		}
		if !s.rest(wait) {
			s.slow()
			return 0, unix.EAGAIN
		}
	}
}

// rest waits until the claim is handed over; false when it was taken because
// the peer was silent, or the transfer is stopped.
func (s *socket) rest(wait time.Duration) (handed bool) {
	next, stop := min(wait, checkWait), s.stop
	for {
		s.alarm.Reset(next)
		select {
		case <-s.handed:
			s.alarm.Stop()
			return true
		case <-stop:
			stop = nil
		case <-s.alarm.C:
		}
		if next = checkWait; stop == nil {
			next = time.Millisecond // until the worker is done that has the claim
		}
		if !s.claim.take() {
			continue
		}
		silent := time.Since(s.heard)
		if silent >= wait || stop == nil {
			return false
		}
		if silent >= hotWait {
			s.slow()
		}
		next = min(wait-silent, checkWait)
		if !s.claim.release() { // something came this moment
			s.drained = false
			return true
		}
	}
}

func (s *socket) enterPoller() error {
	if s.watched {
		return nil
	}
	if s.alarm == nil {
		s.alarm = time.NewTimer(time.Hour)
	}
	s.drained = false
	err := s.poller.watch(s)
	s.watched = err == nil
	return err
}

func (s *socket) leavePoller() {
	if s.watched {
		s.watched = false
		s.quick = 0
		s.poller.forget(s)
	}
}

// receive is recv(2), without an address: the socket is connected.
//
// What cannot block is called raw, here and where packets are sent: the
// scheduler then does not expect this thread to be gone for long, and its
// monitor, which looks for such threads every 20 us, goes to sleep. That saves a
// tenth of the time of a busy server.
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

// poll waits until fd is ready for what is asked; EAGAIN when it isn't in time.
func poll(fd int, events int16, wait time.Duration) error {
	fds := unix.PollFd{Fd: int32(fd), Events: events}
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
