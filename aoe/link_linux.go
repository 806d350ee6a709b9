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
	in      transfer // Recv's
	waits   [2]unix.PollFd
	eager   bool // the last wait was shorter than it takes to wake up

	writing sync.Mutex
	out     transfer // Send's
}

const (
	// eagerWait is how long Recv looks for the next frame before it sleeps.
	eagerWait = 50 * time.Microsecond
	// sendWait is how long a frame waits for room in the socket.
	sendWait = 100 * time.Millisecond
	// socketBuffer is the socket's, in bytes, each way: for the frames of all
	// targets that come while the ones before are looked at.
	socketBuffer = 4 << 20
)

var errInterrupted = errors.New("interrupted")

// Open opens an interface, such as "eth0". That takes CAP_NET_RAW.
func Open(name string) (*Interface, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	if len(ifi.HardwareAddr) != 6 {
		return nil, fmt.Errorf("interface %s is not Ethernet", name)
	}
	i := &Interface{name: name, mac: MAC(ifi.HardwareAddr), mtu: ifi.MTU}
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
	enlarge(i.socket, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	enlarge(i.socket, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	wait := unix.NsecToTimeval(int64(sendWait))
	if err := unix.SetsockoptTimeval(i.socket, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	const inNetworkOrder = EtherType>>8 | EtherType&0xff<<8
	return os.NewSyscallError("bind", unix.Bind(i.socket, &unix.SockaddrLinklayer{Protocol: inNetworkOrder, Ifindex: index}))
}

// enlarge makes a buffer larger than the machine's limit where that is allowed,
// else as large as it may be.
func enlarge(socket, forced, plain int) {
	if unix.SetsockoptInt(socket, unix.SOL_SOCKET, forced, socketBuffer) != nil {
		_ = unix.SetsockoptInt(socket, unix.SOL_SOCKET, plain, socketBuffer)
	}
}

// transfer is one system call for several frames.
type transfer struct {
	messages [batch]message
	vectors  [batch]unix.Iovec
	count    int
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
	_      [4]byte
}

// load prepares a system call for the first of the frames.
func (t *transfer) load(frames [][]byte) {
	t.count = min(len(frames), batch)
	for i, f := range frames[:t.count] {
		t.vectors[i].Base = unsafe.SliceData(f)
		t.vectors[i].SetLen(len(f))
		t.messages[i].header = unix.Msghdr{Iov: &t.vectors[i]}
		t.messages[i].header.SetIovlen(1)
	}
}

// call makes the system call, and returns for how many frames.
func (t *transfer) call(trap uintptr, socket, flags int) (int, error) {
	for {
		n, _, err := unix.Syscall6(trap, uintptr(socket), uintptr(unsafe.Pointer(&t.messages)), uintptr(t.count), uintptr(flags), 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}

// Recv implements Link. A network that went down for a while is waited for.
func (i *Interface) Recv(frames [][]byte) (int, error) {
	i.reading.Lock()
	defer i.reading.Unlock()
	i.in.load(frames)
	for {
		n, err := i.receive()
		switch {
		case err == nil:
			for k := range n {
				frames[k] = frames[k][:i.in.messages[k].length]
			}
			return n, nil
		case !errors.Is(err, unix.ENETDOWN):
			return 0, fmt.Errorf("interface %s: %w", i.name, err)
		}
		if err := i.present(); err != nil {
			return 0, err
		}
	}
}

// receive waits for frames. A thread that slept is woken tens of microseconds
// late, so where the last frame came that soon it looks again and again for a
// moment, and lets others run meanwhile.
func (i *Interface) receive() (int, error) {
	var began time.Time
	for !i.rung.Load() {
		n, err := i.in.call(unix.SYS_RECVMMSG, i.socket, unix.MSG_DONTWAIT)
		if err == nil && !began.IsZero() {
			i.eager = time.Since(began) < 2*eagerWait
		}
		if err != unix.EAGAIN {
			return n, os.NewSyscallError("recvmmsg", err)
		}
		if began.IsZero() {
			began = time.Now()
		}
		if i.eager && time.Since(began) < eagerWait {
			_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
			continue
		}
		if _, err := unix.Poll(i.waits[:], -1); err != nil && err != unix.EINTR {
			return 0, os.NewSyscallError("poll", err)
		}
	}
	return 0, errInterrupted
}

// present is an error if the interface was removed: what comes in its place
// under its name is another one.
func (i *Interface) present() error {
	bound, err := unix.Getsockname(i.socket)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if at, ok := bound.(*unix.SockaddrLinklayer); ok && at.Ifindex <= 0 {
		return fmt.Errorf("interface %s was removed", i.name)
	}
	return nil
}

// Send implements Link. Frames that find no room for a while are not sent.
func (i *Interface) Send(frames [][]byte) (int, error) {
	i.writing.Lock()
	defer i.writing.Unlock()
	for sent := 0; sent < len(frames); {
		i.out.load(frames[sent:])
		n, err := i.out.call(unix.SYS_SENDMMSG, i.socket, 0)
		clear(i.out.vectors[:i.out.count])
		if sent += n; err != nil {
			return sent, fmt.Errorf("interface %s: %w", i.name, os.NewSyscallError("sendmmsg", err))
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
	err := errors.Join(unix.Close(i.socket), unix.Close(i.bell))
	i.socket, i.bell = -1, -1
	return err
}
