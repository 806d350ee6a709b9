package aoe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/vigil"
)

// An Interface is a Link by a packet socket on one of the machine's interfaces.
//
// Recv waits by a thread of its own rather than in the runtime's poller: there
// every frame, and the end of every frame that was sent, would wake another
// thread for nothing.
type Interface struct {
	name   string
	mac    MAC
	mtu    int
	socket int
	rung   atomic.Bool

	ringing sync.Mutex
	bell    int // an eventfd, which ends a wait

	reading sync.Mutex
	ring    *ring
	waits   [2]unix.PollFd
	vigil   vigil.Vigil
	down    bool // the network was when it was last heard of

	writing sync.RWMutex // for closing
	free    sync.Pool    // of *sending
}

const (
	// downWait is how often it is looked whether an interface that is down is
	// still there.
	downWait = time.Second
	// sendWait is how long a frame waits for room in the socket.
	sendWait = 100 * time.Millisecond
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
	i.free.New = func() any { return &sending{} }
	if i.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	// Nothing comes in before the socket is bound to an interface and a type.
	if i.socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		unix.Close(i.bell)
		return nil, fmt.Errorf("interface %s: %w: raw sockets take root, or CAP_NET_RAW", name, os.NewSyscallError("socket", err))
	}
	i.waits = [2]unix.PollFd{{Fd: int32(i.socket), Events: unix.POLLIN}, {Fd: int32(i.bell), Events: unix.POLLIN}}
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
	wait := unix.NsecToTimeval(int64(sendWait))
	if err := unix.SetsockoptTimeval(i.socket, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	const inNetworkOrder = EtherType>>8 | EtherType&0xff<<8
	return os.NewSyscallError("bind", unix.Bind(i.socket, &unix.SockaddrLinklayer{Protocol: inNetworkOrder, Ifindex: index}))
}

// sending is one system call for several frames.
type sending struct {
	messages [batch]message
	vectors  [batch]unix.Iovec
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	_      uint32 // how much was sent
}

// send sends the first of the frames, and returns how many went out.
func (s *sending) send(socket int, frames [][]byte) (int, error) {
	count := min(len(frames), batch)
	for i, f := range frames[:count] {
		s.vectors[i].Base = unsafe.SliceData(f)
		s.vectors[i].SetLen(len(f))
		s.messages[i].header = unix.Msghdr{Iov: &s.vectors[i]}
		s.messages[i].header.SetIovlen(1)
	}
	defer clear(s.vectors[:count])
	for {
		n, _, err := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(socket), uintptr(unsafe.Pointer(&s.messages)), uintptr(count), 0, 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, os.NewSyscallError("sendmmsg", err)
		}
	}
}

// Recv implements Link. A network that went down for a while is waited for.
func (i *Interface) Recv(frames [][]byte) (int, error) {
	i.reading.Lock()
	defer i.reading.Unlock()
	for waited := false; !i.rung.Load(); waited = true {
		if n := i.ring.read(frames); n > 0 {
			if waited {
				i.vigil.End(time.Now())
			}
			return n, nil
		}
		now := time.Now()
		if !waited {
			i.vigil.Begin(now)
		}
		if err := i.wait(now); err != nil {
			return 0, fmt.Errorf("interface %s: %w", i.name, err)
		}
	}
	return 0, fmt.Errorf("interface %s: %w", i.name, errInterrupted)
}

// wait waits for a frame, perhaps not long enough: awake for as long as that is
// worth it.
func (i *Interface) wait(now time.Time) error {
	if i.vigil.Look(now) {
		_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		return nil
	}
	timeout := -1
	if i.down {
		timeout = int(downWait / time.Millisecond)
	}
	n, err := unix.Poll(i.waits[:], timeout)
	switch {
	case err == unix.EINTR:
		return nil
	case err != nil:
		return os.NewSyscallError("poll", err)
	case n == 0:
		return i.present()
	case i.waits[0].Revents&unix.POLLERR != 0:
		return i.trouble()
	}
	i.down = false
	return nil
}

// trouble is what the socket has to tell, where that isn't a network that is
// down.
func (i *Interface) trouble() error {
	number, err := unix.GetsockoptInt(i.socket, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return os.NewSyscallError("getsockopt", err)
	case number == 0:
		return nil
	case unix.Errno(number) != unix.ENETDOWN:
		return unix.Errno(number)
	}
	i.down = true
	return nil
}

// present is an error if the interface was removed: what comes in its place
// under its name is another one. Of that the socket doesn't tell; before, it
// tells that the network is down.
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

// Send implements Link. Frames that find no room for a while are not sent. Who is
// held up by it holds up no other.
func (i *Interface) Send(frames [][]byte) (int, error) {
	i.writing.RLock()
	defer i.writing.RUnlock()
	out := i.free.Get().(*sending)
	defer i.free.Put(out)
	for sent := 0; sent < len(frames); {
		n, err := out.send(i.socket, frames[sent:])
		if sent += n; err != nil {
			return sent, fmt.Errorf("interface %s: %w", i.name, err)
		}
	}
	return len(frames), nil
}

// Interrupt makes Recv return.
func (i *Interface) Interrupt() {
	i.ringing.Lock()
	defer i.ringing.Unlock()
	if !i.rung.Swap(true) {
		_, _ = unix.Write(i.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // of eight bytes, and zero before: eventfd(2)
	}
}

// Address is the interface's Ethernet address.
func (i *Interface) Address() MAC { return i.mac }

// MTU is the interface's when it was opened.
func (i *Interface) MTU() int { return i.mtu }

// Close interrupts, and closes the socket.
func (i *Interface) Close() error {
	i.Interrupt()
	i.reading.Lock()
	defer i.reading.Unlock()
	i.writing.Lock()
	defer i.writing.Unlock()
	i.ringing.Lock() // an Interrupt may be under way that came before ours
	defer i.ringing.Unlock()
	if i.socket < 0 {
		return nil
	}
	var err error
	if i.ring != nil {
		err = i.ring.close()
	}
	err = errors.Join(err, unix.Close(i.socket), unix.Close(i.bell))
	i.socket, i.bell = -1, -1
	return err
}
