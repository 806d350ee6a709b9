package tftp

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func newScatter(at io.ReaderAt) scatter {
	// The type itself, no interface: what embeds a file may read differently.
	if file, ok := at.(*os.File); ok {
		if raw, err := file.SyscallConn(); err == nil {
			return newFileScatter(raw)
		}
	}
	return atScatter{at}
}

// An atScatter reads an io.ReaderAt.
type atScatter struct{ from io.ReaderAt }

func (s atScatter) read(packets []byte, l *layout, want int, offset int64) error {
	for have := 0; have < want; {
		payload := packets[have/l.blockSize*l.stride+headerSize:][:min(l.blockSize, want-have)]
		n, err := s.from.ReadAt(payload, offset+int64(have))
		have += n
		if n < len(payload) {
			if err == io.EOF || err == nil {
				err = l.truncated(offset + int64(have))
			}
			return err
		}
	}
	return nil
}

// maxVectors bounds the packets filled by one preadv.
const maxVectors = 128

// A fileScatter reads a regular file by preadv straight into the packets.
type fileScatter struct {
	raw     syscall.RawConn
	vectors [maxVectors]unix.Iovec
	used    int
	offset  int64
	n       int
	errno   syscall.Errno
	preadv  func(fd uintptr) bool
}

func newFileScatter(raw syscall.RawConn) *fileScatter {
	s := &fileScatter{raw: raw}
	s.preadv = func(fd uintptr) bool { // made once: a closure per call would be garbage per call
		first, count := unsafe.Pointer(&s.vectors[0]), uintptr(s.used)
		low, high := uintptr(s.offset), uintptr(s.offset>>32)
		n, _, errno := unix.Syscall6(unix.SYS_PREADV, fd, uintptr(first), count, low, high, 0)
		s.n, s.errno = int(n), errno
		return true
	}
	return s
}

func (s *fileScatter) read(packets []byte, l *layout, want int, offset int64) error {
	for have := 0; have < want; {
		s.aim(packets, l, have, want)
		s.offset = offset + int64(have)
		if err := s.raw.Read(s.preadv); err != nil {
			return err
		}
		switch {
		case s.errno == unix.EINTR:
		case s.errno != 0:
			return s.errno
		case s.n == 0:
			return l.truncated(s.offset)
		default:
			have += s.n
		}
	}
	return nil
}

// aim points the vectors at the payload bytes from have to want.
func (s *fileScatter) aim(packets []byte, l *layout, have, want int) {
	for s.used = 0; have < want && s.used < maxVectors; s.used++ {
		block, within := have/l.blockSize, have%l.blockSize
		n := min(l.blockSize-within, want-have)
		v := &s.vectors[s.used]
		v.Base = &packets[block*l.stride+headerSize+within]
		v.SetLen(n)
		have += n
	}
}
