package tftp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A burst sends several packets in one system call: cut by the kernel or the
// network card (UDP GSO, Linux 4.18) when they fit the MTU, else by sendmmsg.
type burst struct {
	segment  int // bytes of a packet that the kernel cuts, 0 when it doesn't
	messages []message
	vectors  []unix.Iovec
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	sent   uint32
	_      [4]byte
}

const (
	maxSegments = 64    // UDP_MAX_SEGMENTS of the kernels that know UDP_SEGMENT
	maxDatagram = 65507 // what one send may hold before it is cut (IPv4)
	maxMessages = 64

	// minSegment keeps the kernel from cutting an OACK or ERROR, which fit it.
	minSegment = 512
)

// segmentable reports whether the kernel may be asked to cut windows of
// packets of the given size.
func segmentable(stride int) bool { return stride >= minSegment && 2*stride <= maxDatagram }

func (b *burst) prepare(fd, stride int) {
	if segmentable(stride) && unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, stride) == nil {
		b.segment = stride
	}
}

func (b *burst) send(fd int, p []byte, stride int) error {
	if b.segment == stride {
		rest, err := b.cut(fd, p)
		if err == nil {
			return nil
		}
		switch err {
		case unix.EINVAL, unix.EMSGSIZE, unix.EIO: // larger than the MTU, or a device without checksums
			b.segment = 0
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 0)
			p = rest
		default:
			return err
		}
	}
	return b.many(fd, p, stride)
}

// cut hands the kernel as much as one call takes, until all is sent.
func (b *burst) cut(fd int, p []byte) (rest []byte, err error) {
	most := min(maxDatagram/b.segment, maxSegments) * b.segment
	for len(p) > 0 {
		n := min(len(p), most)
		if err := write(fd, p[:n]); err != nil {
			return p, err
		}
		p = p[n:]
	}
	return nil, nil
}

// many sends by sendmmsg.
func (b *burst) many(fd int, p []byte, stride int) error {
	if b.messages == nil {
		b.messages = make([]message, maxMessages)
		b.vectors = make([]unix.Iovec, maxMessages)
	}
	for len(p) > 0 {
		count, bytes := 0, 0
		for ; count < maxMessages && bytes < len(p); count++ {
			n := min(stride, len(p)-bytes)
			v := &b.vectors[count]
			v.Base = &p[bytes]
			v.SetLen(n)
			b.messages[count].header = unix.Msghdr{Iov: v, Iovlen: 1}
			bytes += n
		}
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.messages[0])), uintptr(count), 0, 0, 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return errno
		}
		p = p[min(int(sent)*stride, len(p)):]
	}
	return nil
}
