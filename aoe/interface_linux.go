package aoe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// An Interface is a Link by a packet socket on one of the machine's interfaces.
//
// Recv blocks a thread in the kernel. In the runtime's poller every frame, and the
// end of every frame that was sent, would wake another thread for nothing.
type Interface struct {
	name        string
	mac         MAC
	mtu         int
	socket      int
	interrupted atomic.Bool

	reading sync.Mutex // one Recv at a time
	in      messages
	down    bool // the network was when it was last heard of

	writing sync.RWMutex // for closing
	free    sync.Pool    // of *messages
}

const (
	// recvWait is how long a Recv blocks before it looks whether it was
	// interrupted, which is how late it ends.
	recvWait = 100 * time.Millisecond
	// sendWait is how long a frame waits for room in the socket.
	sendWait = 100 * time.Millisecond
	// socketBuffer is how much may wait in the kernel each way, in bytes.
	socketBuffer = 4 << 20
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
	i.free.New = func() any { return &messages{} }
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
	i.setBuffer(unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	i.setBuffer(unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	for option, wait := range map[int]time.Duration{unix.SO_RCVTIMEO: recvWait, unix.SO_SNDTIMEO: sendWait} {
		limit := unix.NsecToTimeval(int64(wait))
		if err := unix.SetsockoptTimeval(i.socket, unix.SOL_SOCKET, option, &limit); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	const inNetworkOrder = EtherType>>8 | EtherType&0xff<<8
	return os.NewSyscallError("bind", unix.Bind(i.socket, &unix.SockaddrLinklayer{Protocol: inNetworkOrder, Ifindex: index}))
}

// setBuffer sets the size of a buffer. Without CAP_NET_ADMIN the system's limit
// applies.
func (i *Interface) setBuffer(force, ask int) {
	if unix.SetsockoptInt(i.socket, unix.SOL_SOCKET, force, socketBuffer) != nil {
		_ = unix.SetsockoptInt(i.socket, unix.SOL_SOCKET, ask, socketBuffer)
	}
}

// Recv implements Link. A network that went down for a while is waited for.
func (i *Interface) Recv(frames [][]byte) (int, error) {
	i.reading.Lock()
	defer i.reading.Unlock()
	for !i.interrupted.Load() {
		n, err := i.in.recv(i.socket, frames)
		switch {
		case err == nil:
			i.down = false
			return n, nil
		case err == unix.ENETDOWN:
			i.down = true
		case err != unix.EAGAIN:
			return 0, fmt.Errorf("interface %s: %w", i.name, os.NewSyscallError("recvmmsg", err))
		case i.down:
			if err := i.present(); err != nil {
				return 0, fmt.Errorf("interface %s: %w", i.name, err)
			}
		}
	}
	return 0, fmt.Errorf("interface %s: %w", i.name, errInterrupted)
}

// present is an error if the interface was removed: what comes in its place
// under its name is another one. The socket doesn't tell of that; before, it
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
	out := i.free.Get().(*messages)
	defer i.free.Put(out)
	for sent := 0; sent < len(frames); {
		n, err := out.send(i.socket, frames[sent:])
		if sent += n; err != nil {
			return sent, fmt.Errorf("interface %s: %w", i.name, os.NewSyscallError("sendmmsg", err))
		}
	}
	return len(frames), nil
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
	i.writing.Lock()
	defer i.writing.Unlock()
	if i.socket < 0 {
		return nil
	}
	err := unix.Close(i.socket)
	i.socket = -1
	return err
}
