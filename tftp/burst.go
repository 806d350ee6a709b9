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

// send returns how many bytes, of whole packets, the kernel has taken. It does
// not wait: EAGAIN when the socket's buffer is full.
func (b *burst) send(fd int, p []byte, stride int) (taken int, err error) {
	if b.segment == stride {
		taken, err = b.cut(fd, p)
		switch err {
		case unix.EINVAL, unix.EMSGSIZE, unix.EIO: // larger than the MTU, or a device without checksums
			b.segment = 0
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 0)
		default:
			return taken, err
		}
	}
	more, err := b.many(fd, p[taken:], stride)
	return taken + more, err
}

// cut hands the kernel as much as one call takes, until all is sent.
func (b *burst) cut(fd int, p []byte) (taken int, err error) {
	most := min(maxDatagram/b.segment, maxSegments) * b.segment
	for taken < len(p) {
		n := min(len(p)-taken, most)
		if err := write(fd, p[taken:taken+n]); err != nil {
			return taken, err
		}
		taken += n
	}
	return taken, nil
}

// many sends by sendmmsg.
func (b *burst) many(fd int, p []byte, stride int) (taken int, err error) {
	if b.messages == nil {
		b.messages = make([]message, maxMessages)
		b.vectors = make([]unix.Iovec, maxMessages)
	}
	for taken < len(p) {
		count := 0
		for at := taken; count < maxMessages && at < len(p); count++ {
			n := min(stride, len(p)-at)
			v := &b.vectors[count]
			v.Base = &p[at]
			v.SetLen(n)
			b.messages[count].header = unix.Msghdr{Iov: v, Iovlen: 1}
			at += n
		}
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.messages[0])), uintptr(count), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return taken, errno
		}
		taken = min(taken+int(sent)*stride, len(p))
	}
	return taken, nil
}

// write sends one packet, or a burst that the kernel cuts, without waiting.
func write(fd int, p []byte) error {
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}
