package tftp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A udpWriter sends the packets of one transfer through a UDP socket, a window of
// them in one system call where the kernel or the network card can cut it into
// packets (UDP GSO, udp(7): UDP_SEGMENT).
type udpWriter struct {
	conn      *net.UDPConn
	remote    netip.AddrPort // invalid where conn is connected
	source    []byte         // control message: the source address; nil for the socket's own
	segmented []byte         // source, and the size of a packet to cut; nil where the kernel doesn't cut
	stride    int            // that size
}

const (
	maxSegments = 64    // UDP_MAX_SEGMENTS of the first kernels that know UDP_SEGMENT
	maxDatagram = 65507 // what one send may hold before it is cut (IPv4)
)

// segment prepares for windows of packets of the given size.
func (o *udpWriter) segment(stride int) {
	if 2*stride > maxDatagram {
		return
	}
	message := make([]byte, unix.CmsgSpace(2))
	header := (*unix.Cmsghdr)(unsafe.Pointer(&message[0]))
	header.Level, header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(message[unix.CmsgLen(0):], uint16(stride))
	o.segmented, o.stride = append(append([]byte{}, o.source...), message...), stride
}

// send sends the packets that lie in p one after the other, each of stride
// bytes but the last. What the host has no room for is as good as lost on the
// way, and no error.
func (o *udpWriter) send(p []byte, stride int) error {
	if err := o.conn.SetWriteDeadline(time.Now().Add(maxWait)); err != nil {
		return err
	}
	for len(p) > 0 {
		n, oob := o.next(len(p), stride)
		_, _, err := o.conn.WriteMsgUDPAddrPort(p[:n], oob, o.remote)
		switch {
		case err == nil:
			p = p[n:]
		case n > stride && cannotSegment(err):
			o.segmented = nil
		case errors.Is(err, unix.ENOBUFS), errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		default:
			return err
		}
	}
	return nil
}

// next returns how many of so many bytes go out in one call, with which control
// messages.
func (o *udpWriter) next(length, stride int) (n int, oob []byte) {
	if o.segmented == nil || stride != o.stride || length <= stride {
		return min(length, stride), o.source
	}
	return min(length, stride*min(maxDatagram/stride, maxSegments)), o.segmented
}

// cannotSegment recognises what the kernel says where packets are larger than
// the MTU, or where a device can't fill in checksums.
func cannotSegment(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.EIO)
}

// error sends an ERROR packet through the server's own socket. It may as well be
// lost here, since nobody acknowledges it. It never waits for room in the socket:
// packets to forged addresses of the server's own network lie there for seconds,
// until the kernel has given up to resolve them, and whoever sends those must not
// keep the server from reading others' requests.
func (o *udpWriter) error(e *Error) {
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
func (o *udpWriter) sockaddr() unix.Sockaddr {
	local, ok := o.conn.LocalAddr().(*net.UDPAddr)
	if remote := o.remote.Addr(); ok && local.IP.To4() == nil && remote.Is4() {
		return sockaddr(netip.AddrPortFrom(netip.AddrFrom16(remote.As16()), o.remote.Port()))
	}
	return sockaddr(o.remote)
}
