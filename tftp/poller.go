package tftp

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A poller watches the sockets of transfers that wait, and deals on the spot
// with what needs no waiting: an ACK that is answered with a window that lies
// in memory, which is nearly all that happens in a transfer. What is more than
// that is handed to the transfer's own goroutine.
//
// Its workers each stay on a thread, and take turns at the sockets: whoever
// has a moment takes the next that has a packet. The runtime's poller would
// have one thread find all packets and the others be woken for some of them,
// again and again; with two cores one was then idle for most of the time.
type poller struct {
	workers int

	mu      sync.Mutex
	started bool
	closed  bool
	epoll   int
	bell    int // eventfd that ends the workers
	sockets map[int32]*socket
	running sync.WaitGroup
}

const (
	// maxWorkers bounds the threads of a poller.
	maxWorkers = 8
	// handful is how many sockets a worker takes at a time: few, so that
	// there is something for the others.
	handful = 8
	// politeTime is how long a worker keeps other goroutines of this program
	// from its thread.
	politeTime = time.Millisecond
)

// newPoller returns a poller that starts with the first socket.
func newPoller(workers int) *poller {
	return &poller{workers: min(workers, maxWorkers), sockets: map[int32]*socket{}}
}

// watch begins to look after a socket. What has come already counts.
func (p *poller) watch(s *socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrStopped
	}
	if !p.started {
		if err := p.start(); err != nil {
			return err
		}
	}
	// Edge-triggered: one packet is news to one worker.
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&(1<<32-1), Fd: int32(s.fd)}
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, s.fd, &event); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	p.sockets[event.Fd] = s
	return nil
}

// forget ends that. A worker may still be told of the socket afterwards; it
// can't claim it then, for its transfer, which calls this, does.
func (p *poller) forget(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets, int32(s.fd))
	_ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
}

func (p *poller) start() error {
	var err error
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if p.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(p.epoll)
		return os.NewSyscallError("eventfd", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.bell)} // level-triggered: for every worker
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, p.bell, &event); err != nil {
		unix.Close(p.epoll)
		unix.Close(p.bell)
		return os.NewSyscallError("epoll_ctl", err)
	}
	p.started = true
	for range p.workers {
		p.running.Go(p.work)
	}
	return nil
}

// close ends the workers. No socket may be watched any more.
func (p *poller) close() {
	p.mu.Lock()
	started := p.started && !p.closed
	p.closed = true
	p.mu.Unlock()
	if !started {
		return
	}
	_, _ = unix.Write(p.bell, binary.NativeEndian.AppendUint64(nil, 1)) // can't fail: the counter has room
	p.running.Wait()
	unix.Close(p.epoll)
	unix.Close(p.bell)
}

// work is what a worker does.
func (p *poller) work() {
	var events [handful]unix.EpollEvent
	var sockets [handful]*socket
	polite := time.Now() // when others last had a chance
	for {
		n := p.poll(events[:])
		if n == 0 {
			n = p.wait(events[:])
		}
		found, open := p.find(events[:n], sockets[:0])
		if !open {
			return
		}
		now := time.Now()
		for _, s := range found {
			if s.claim.notice() {
				s.attend(now)
			}
		}
		if now.Sub(polite) > politeTime {
			polite = now
			runtime.Gosched()
		}
	}
}

func (p *poller) find(events []unix.EpollEvent, found []*socket) (_ []*socket, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		if s := p.sockets[events[i].Fd]; s != nil {
			found = append(found, s)
		}
	}
	return found, !p.closed
}

// wait waits for news: 0 where it was disturbed.
func (p *poller) wait(events []unix.EpollEvent) int {
	n, _ := unix.EpollWait(p.epoll, events, -1) // fails only where a signal comes
	return max(n, 0)
}

// poll takes what is there, without waiting (see receive).
func (p *poller) poll(events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
