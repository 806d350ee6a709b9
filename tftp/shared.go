package tftp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An outlet sends packets to one client through the server's own socket, from
// the address that the client asked. In single-port mode it is the link of
// the transfer, fed by the desk.
type outlet struct {
	conn   *net.UDPConn
	remote netip.AddrPort
	source []byte // control message: the source address
	cut    []byte // source, and the segment size for GSO; nil when not used
	stride int

	mu      sync.Mutex
	in      chan []byte // packets for recv, nil when the transfer has another link
	free    chan []byte // buffers for deliver
	stop    chan struct{}
	stopped bool
	timer   *time.Timer
}

func newOutlet(conn *net.UDPConn, remote netip.AddrPort, source []byte) *outlet {
	return &outlet{conn: conn, remote: remote, source: source, stop: make(chan struct{})}
}

// error sends an ERROR packet, which may as well be lost here, since nobody
// acknowledges it. It never waits for room in the socket: packets to forged
// addresses of the server's own network lie there for seconds, until the kernel
// has given up to resolve them, and whoever sends those must not keep the server
// from reading others' requests.
func (o *outlet) error(e *Error) {
	p := appendError(nil, e)
	raw, err := o.conn.SyscallConn()
	if err != nil {
		return
	}
	// Control takes no lock, for which a transfer in single-port mode would be
	// waited that itself waits for room.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.Sendmsg(int(fd), p, o.source, o.sockaddr(), unix.MSG_DONTWAIT)
	})
}

// sockaddr is the client's address as the server's socket takes it: one of IPv6
// takes those of IPv4 mapped.
func (o *outlet) sockaddr() unix.Sockaddr {
	local, ok := o.conn.LocalAddr().(*net.UDPAddr)
	if remote := o.remote.Addr(); ok && local.IP.To4() == nil && remote.Is4() {
		return sockaddr(netip.AddrPortFrom(netip.AddrFrom16(remote.As16()), o.remote.Port()))
	}
	return sockaddr(o.remote)
}

// listen makes the outlet receive: packets of at most size bytes, count of
// which may wait.
func (o *outlet) listen(size, count int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.in = make(chan []byte, count)
	o.free = make(chan []byte, count)
	for range count {
		o.free <- make([]byte, size)
	}
	o.timer = time.NewTimer(time.Hour)
}

// deliver takes a copy of a packet. When nobody is receiving, or too many
// packets wait, it is dropped, as a full socket buffer would.
func (o *outlet) deliver(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.in == nil {
		return
	}
	select {
	case buf := <-o.free:
		o.in <- buf[:copy(buf[:cap(buf)], p)]
	default:
	}
}

func (o *outlet) recv(buf []byte, wait time.Duration) (int, error) {
	select {
	case p := <-o.in:
		return o.take(buf, p)
	case <-o.stop:
		return 0, ErrStopped
	default:
	}
	if wait <= 0 {
		return 0, errAgain
	}
	o.timer.Reset(wait)
	select {
	case p := <-o.in:
		o.timer.Stop()
		return o.take(buf, p)
	case <-o.stop:
		return 0, ErrStopped
	case <-o.timer.C:
		return 0, errAgain
	}
}

func (o *outlet) take(buf, p []byte) (int, error) {
	n := copy(buf, p)
	o.free <- p
	return n, nil
}

// window prepares for windows of packets of the given size.
func (o *outlet) window(stride, count int) {
	if count == 1 || !segmentable(stride) {
		return
	}
	segment := make([]byte, unix.CmsgSpace(2))
	data := control(segment, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 2)
	binary.NativeEndian.PutUint16(data, uint16(stride))
	o.cut, o.stride = append(append([]byte{}, o.source...), segment...), stride
}

func (o *outlet) send(p []byte, stride int) error {
	if o.cut != nil && stride == o.stride && len(p) > stride {
		rest, err := o.sendCut(p)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EMSGSIZE), errors.Is(err, unix.EIO):
			o.cut, p = nil, rest
		default:
			return o.failure(err)
		}
	}
	for len(p) > 0 {
		n := min(len(p), stride)
		if _, _, err := o.conn.WriteMsgUDPAddrPort(p[:n], o.source, o.remote); err != nil {
			return o.failure(err)
		}
		p = p[n:]
	}
	return nil
}

func (o *outlet) sendCut(p []byte) (rest []byte, err error) {
	most := min(maxDatagram/o.stride, maxSegments) * o.stride
	for len(p) > 0 {
		n := min(len(p), most)
		if _, _, err := o.conn.WriteMsgUDPAddrPort(p[:n], o.cut, o.remote); err != nil {
			return p, err
		}
		p = p[n:]
	}
	return nil, nil
}

// failure turns errors of the socket into those of a link. What ICMP reports
// on a shared socket may concern another client; what the host has no room
// for is as good as lost on the way.
func (o *outlet) failure(err error) error {
	for _, passing := range []syscall.Errno{unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENOBUFS, unix.EAGAIN} {
		if errors.Is(err, passing) {
			return nil
		}
	}
	return err
}

func (o *outlet) interrupt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stopped {
		o.stopped = true
		close(o.stop)
	}
}

func (o *outlet) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.in = nil
	if o.timer != nil {
		o.timer.Stop()
	}
	return nil
}
