package aoe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An Interface is a Link by a packet socket on one of the machine's interfaces.
//
// Recv blocks a thread in poll(2). In the runtime's poller every frame, and the
// end of every frame that was sent, would wake another thread for nothing.
type Interface struct {
	name        string
	mac         MAC
	mtu         int
	socket      int
	interrupted atomic.Bool

	reading sync.Mutex // one Recv at a time
	ring    *ring

	sending sync.Mutex // one Send at a time: they would wait for the same room
	out     sendBatch
}

const (
	// longestWait is how long a Recv blocks before it looks whether it was
	// interrupted, and how long a frame waits for room in the socket.
	longestWait = 100 * time.Millisecond
	// sendBuffer is how much of what is sent may wait in the kernel, in bytes.
	sendBuffer = 4 << 20
)

var (
	errInterrupted = errors.New("interrupted")
	errRemoved     = errors.New("the interface was removed")
)

// Open opens an interface, such as "eth0". That takes CAP_NET_RAW.
func Open(name string) (*Interface, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			err = op.Err // without "route ip+net", which says nothing to people
		}
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	if len(ifi.HardwareAddr) != 6 {
		return nil, fmt.Errorf("interface %s is not Ethernet", name)
	}
	i := &Interface{name: name, mac: MAC(ifi.HardwareAddr), mtu: ifi.MTU}
	// Nothing comes in before the socket is bound to an interface and a type.
	if i.socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("interface %s: %w: raw sockets take root, or CAP_NET_RAW", name, os.NewSyscallError("socket", err))
	}
	if err := i.bind(ifi.Index); err != nil {
		i.Close()
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	return i, nil
}

func (i *Interface) bind(index int) error {
	var err error
	if i.ring, err = newRing(i.socket, 14+i.mtu); err != nil {
		return err
	}
	if unix.SetsockoptInt(i.socket, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer) != nil { // needs CAP_NET_ADMIN
		_ = unix.SetsockoptInt(i.socket, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
	limit := unix.NsecToTimeval(int64(longestWait))
	if err := unix.SetsockoptTimeval(i.socket, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	const inNetworkOrder = EtherType>>8 | EtherType&0xff<<8
	return os.NewSyscallError("bind", unix.Bind(i.socket, &unix.SockaddrLinklayer{Protocol: inNetworkOrder, Ifindex: index}))
}

// Recv implements Link. A network that went down for a while is waited for.
func (i *Interface) Recv(frames [][]byte) (int, error) {
	i.reading.Lock()
	defer i.reading.Unlock()
	for !i.interrupted.Load() {
		if n := i.ring.read(frames); n > 0 {
			return n, nil
		}
		if err := i.wait(); err != nil {
			return 0, fmt.Errorf("interface %s: %w", i.name, err)
		}
	}
	return 0, fmt.Errorf("interface %s: %w", i.name, errInterrupted)
}

// wait waits for a frame, for longestWait at most. Who yields before it
// blocks isn't taken the processor away from in the midst of system calls (see
// handoff.Token.End), and finds the runtime awake when a frame comes: with one
// command in flight twice as many are answered.
func (i *Interface) wait() error {
	runtime.Gosched()
	fds := []unix.PollFd{{Fd: int32(i.socket), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(longestWait/time.Millisecond))
	switch {
	case err != nil && err != unix.EINTR:
		return os.NewSyscallError("poll", err)
	case n == 0:
		return i.present()
	case fds[0].Revents&unix.POLLERR != 0:
		// Asking for the error takes it from the socket.
		if number, err := unix.GetsockoptInt(i.socket, unix.SOL_SOCKET, unix.SO_ERROR); err != nil {
			return os.NewSyscallError("getsockopt", err)
		} else if failure := unix.Errno(number); number != 0 && failure != unix.ENETDOWN {
			return failure
		}
	}
	return nil
}

// present is an error if the interface was removed: what comes in its place
// under its name is another one. The socket tells only that the network is down,
// which is before that.
func (i *Interface) present() error {
	bound, err := unix.Getsockname(i.socket)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if at, ok := bound.(*unix.SockaddrLinklayer); ok && at.Ifindex <= 0 {
		return errRemoved
	}
	return nil
}

// Send implements Link. A frame that finds no room for a while is lost.
func (i *Interface) Send(frames [][]byte) {
	i.sending.Lock()
	defer i.sending.Unlock()
	for len(frames) > 0 {
		frames = frames[i.out.send(i.socket, frames):]
	}
}

// Interrupt makes Recv return.
func (i *Interface) Interrupt() { i.interrupted.Store(true) }

// Address is the interface's Ethernet address.
func (i *Interface) Address() MAC { return i.mac }

// MTU is the interface's when it was opened.
func (i *Interface) MTU() int { return i.mtu }

// Close interrupts, and closes the socket.
func (i *Interface) Close() error {
	i.Interrupt()
	i.reading.Lock()
	defer i.reading.Unlock()
	i.sending.Lock()
	defer i.sending.Unlock()
	if i.socket < 0 {
		return nil
	}
	err := unix.Close(i.socket)
	if i.ring != nil {
		err = errors.Join(err, unix.Munmap(i.ring.memory))
	}
	i.socket = -1
	return err
}

// sendBatch is room for the arguments of sendmmsg(2), by which several frames go
// out with one system call.
type sendBatch struct {
	headers [batch]mmsghdr
	vectors [batch]unix.Iovec
}

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	_      uint32 // how much was sent
}

// send sends the first of the frames, and returns how many are sent or lost.
func (s *sendBatch) send(socket int, frames [][]byte) int {
	count := min(len(frames), batch)
	for i, f := range frames[:count] {
		s.vectors[i].Base = unsafe.SliceData(f)
		s.vectors[i].SetLen(len(f))
		s.headers[i].header = unix.Msghdr{Iov: &s.vectors[i]}
		s.headers[i].header.SetIovlen(1)
	}
	defer clear(s.vectors[:count])
	n, _, err := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(socket), uintptr(unsafe.Pointer(&s.headers)), uintptr(count), 0, 0, 0)
	switch err {
	case 0:
		return int(n)
	case unix.EINTR:
		return 0
	}
	return 1 // the error is the first one's
}
