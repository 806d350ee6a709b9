package aoe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

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

// send sends the first of the frames, and returns how many went out. The error is
// a unix.Errno.
func (s *sendBatch) send(socket int, frames [][]byte) (int, error) {
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
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, err
}
