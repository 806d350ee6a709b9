package aoe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// messages is room for the arguments of one system call for several frames:
// recvmmsg(2) or sendmmsg(2).
type messages struct {
	headers [batch]mmsghdr
	vectors [batch]unix.Iovec
}

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	length uint32 // of what was received or sent
}

// recv waits for a frame and reads those that are there, each into one of the
// slices, which it cuts to the frame's length.
func (m *messages) recv(socket int, frames [][]byte) (int, error) {
	n, err := m.call(unix.SYS_RECVMMSG, socket, frames, unix.MSG_WAITFORONE)
	for i := range n {
		frames[i] = frames[i][:m.headers[i].length]
	}
	return n, err
}

// send sends the first of the frames, and returns how many went out.
func (m *messages) send(socket int, frames [][]byte) (int, error) {
	return m.call(unix.SYS_SENDMMSG, socket, frames, 0)
}

// call allocates nothing. The error is a unix.Errno.
func (m *messages) call(number uintptr, socket int, frames [][]byte, flags int) (int, error) {
	count := min(len(frames), batch)
	for i, f := range frames[:count] {
		m.vectors[i].Base = unsafe.SliceData(f)
		m.vectors[i].SetLen(len(f))
		m.headers[i].header = unix.Msghdr{Iov: &m.vectors[i]}
		m.headers[i].header.SetIovlen(1)
	}
	defer clear(m.vectors[:count])
	for {
		n, _, err := unix.Syscall6(number, uintptr(socket), uintptr(unsafe.Pointer(&m.headers)), uintptr(count), uintptr(flags), 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}
