package tftp

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An outcome is what a worker of the poller made of a packet.
type outcome int

const (
	dealt  outcome = iota // the transfer goes on waiting
	unable                // the packet is for the transfer itself
	moved                 // the packet is dealt with; the transfer has to go on with what follows
)

const (
	// mailSlots is how many packets are taken in one go. Two tell that there
	// was but one without another system call.
	mailSlots = 2
	// mailSize is the most bytes of a packet that answers DATA: an ACK, or an
	// ERROR with its message.
	mailSize = 1024
	// mostRounds bounds how long a worker stays with one socket.
	mostRounds = 16
)

// mail is what has come in for a socket.
type mail struct {
	buffers  [mailSlots][mailSize]byte
	vectors  [mailSlots]unix.Iovec
	messages [mailSlots]message
	next     int // of those that nobody has read yet
	count    int
}

func newMail() *mail {
	m := &mail{}
	for i := range m.messages {
		m.vectors[i].Base = &m.buffers[i][0]
		m.vectors[i].SetLen(mailSize)
		m.messages[i].header = unix.Msghdr{Iov: &m.vectors[i], Iovlen: 1}
	}
	return m
}

// receive takes what is there, without waiting, when all before was read.
func (m *mail) receive(fd int) syscall.Errno {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&m.messages[0])), mailSlots, unix.MSG_DONTWAIT, 0, 0)
	m.next, m.count = 0, 0
	if errno == 0 {
		m.count = int(n)
	}
	return errno
}

// packet is the next; nil when all are read.
func (m *mail) packet() []byte {
	if m == nil || m.next == m.count {
		return nil
	}
	return m.buffers[m.next][:m.messages[m.next].sent]
}

// attend deals, for a worker that has the claim, with what has come.
func (s *socket) attend(now time.Time) {
	s.drained = false
	s.note(now.Sub(s.heard))
	s.heard = now
	if s.deal == nil || s.mayLeave() {
		s.handOver()
		return
	}
	for range mostRounds {
		if s.trouble = s.mail.receive(s.fd); s.trouble == unix.EAGAIN {
			s.trouble = 0
		}
		for p := s.mail.packet(); p != nil; p = s.mail.packet() {
			switch s.deal(p) {
			case dealt:
				s.mail.next++
				continue
			case moved:
				s.mail.next++
				s.moved = true
			}
			s.handOver()
			return
		}
		if s.trouble != 0 {
			break
		}
		if s.drained = s.mail.count < mailSlots; s.drained {
			if s.claim.release() {
				return
			}
			s.drained = false
		}
	}
	s.handOver()
}

// handOver gives the transfer what is left to do, and the claim.
func (s *socket) handOver() { s.handed <- struct{}{} }
