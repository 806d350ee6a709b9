package aoe

import (
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// An Interface is a Link by a raw socket on one of the machine's interfaces.
type Interface struct {
	conn *packet.Conn
	raw  syscall.RawConn
	mac  MAC
	mtu  int
	in   transfer // Recv's

	mu  sync.Mutex
	out transfer // Send's
}

// transfer is one system call, made by a function that is made once.
type transfer struct {
	b   []byte
	n   int
	err error
	do  func(fd uintptr) bool
}

// Open opens an interface, such as "eth0". That takes CAP_NET_RAW.
func Open(name string) (*Interface, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	if len(ifi.HardwareAddr) != 6 {
		return nil, fmt.Errorf("interface %s is not Ethernet", name)
	}
	conn, err := packet.Listen(ifi, packet.Raw, EtherType, nil)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w: raw sockets take root, or CAP_NET_RAW", name, err)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	if err := raw.Control(enlarge); err != nil {
		conn.Close()
		return nil, err
	}
	i := &Interface{conn: conn, raw: raw, mac: MAC(ifi.HardwareAddr), mtu: ifi.MTU}
	i.in.do = func(fd uintptr) bool {
		i.in.n, i.in.err = unix.Read(int(fd), i.in.b)
		return again(i.in.err)
	}
	i.out.do = func(fd uintptr) bool {
		i.out.n, i.out.err = unix.Write(int(fd), i.out.b)
		return again(i.out.err)
	}
	return i, nil
}

// receiveBuffer is the socket's, in bytes: for the frames of all targets that
// come while the one before is looked at.
const receiveBuffer = 4 << 20

// enlarge makes the receive buffer larger than the machine's limit where that is
// allowed, else as large as it may be.
func enlarge(fd uintptr) {
	if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
}

// again says whether a system call is over, rather than to be made again when
// the socket is ready.
func again(err error) bool { return err != unix.EAGAIN && err != unix.EINTR }

// Recv reads one frame. A network that went down for a while is waited for.
func (i *Interface) Recv(b []byte) (int, error) {
	for {
		i.in.b = b
		if err := i.raw.Read(i.in.do); err != nil {
			return 0, err
		}
		if i.in.err != unix.ENETDOWN {
			return i.in.n, i.in.err
		}
	}
}

// Send sends one frame.
func (i *Interface) Send(b []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.out.b = b
	err := i.raw.Write(i.out.do)
	i.out.b = nil
	if err != nil {
		return err
	}
	return i.out.err
}

// Interrupt makes Recv return.
func (i *Interface) Interrupt() { _ = i.conn.SetReadDeadline(time.Unix(1, 0)) }

// Address is the interface's Ethernet address.
func (i *Interface) Address() MAC { return i.mac }

// MTU is the interface's when it was opened.
func (i *Interface) MTU() int { return i.mtu }

// Close closes the socket.
func (i *Interface) Close() error { return i.conn.Close() }

// Deadline is when a Recv under way, and later ones, give up.
func (i *Interface) Deadline(t time.Time) error { return i.conn.SetReadDeadline(t) }
