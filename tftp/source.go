package tftp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A source fills the payloads of consecutive packets. slots holds count
// packets of headerSize+blockSize bytes. It returns the number of payload
// bytes; fewer than count*blockSize means that the file ends there.
type source interface {
	fill(slots []byte, blockSize, count int) (int, error)
	// eager reports whether reading ahead of need is harmless: whether it
	// neither blocks for long nor loses anything.
	eager() bool
}

// newSource picks the quickest way to read f in the given mode. size is -1
// when unknown.
func newSource(f io.Reader, mode Mode, size int64) source {
	if mode == Netascii {
		return &streamSource{r: newNetasciiReader(f), size: -1}
	}
	at, ok := f.(io.ReaderAt)
	if !ok || size < 0 {
		return &streamSource{r: f, size: size}
	}
	// The type itself, no interface: what embeds a file may read differently.
	if file, ok := f.(*os.File); ok {
		if raw, err := file.SyscallConn(); err == nil {
			return newFileSource(raw, size)
		}
	}
	return &atSource{r: at, size: size}
}

// A streamSource reads an io.Reader in order.
type streamSource struct {
	r    io.Reader
	size int64 // -1: unknown
	done int64
}

func (s *streamSource) eager() bool { return false }

func (s *streamSource) fill(slots []byte, blockSize, count int) (int, error) {
	total := 0
	for i := range count {
		from := i*(headerSize+blockSize) + headerSize
		want := int64(blockSize)
		if s.size >= 0 {
			want = min(want, s.size-s.done)
		}
		n, err := io.ReadFull(s.r, slots[from:from+int(want)])
		total += n
		s.done += int64(n)
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case ended && s.size >= 0 && s.done < s.size:
			return total, fmt.Errorf("%w: %d of %d bytes", ErrTruncated, s.done, s.size)
		case err != nil && !ended:
			return total, err
		case n < blockSize:
			return total, nil
		}
	}
	return total, nil
}

// An atSource reads an io.ReaderAt of known size.
type atSource struct {
	r    io.ReaderAt
	size int64
	done int64
}

func (s *atSource) eager() bool { return true }

func (s *atSource) fill(slots []byte, blockSize, count int) (int, error) {
	total := 0
	for i := range count {
		from := i*(headerSize+blockSize) + headerSize
		want := min(int64(blockSize), s.size-s.done)
		n, err := s.r.ReadAt(slots[from:from+int(want)], s.done)
		total += n
		s.done += int64(n)
		if int64(n) < want {
			if err == io.EOF || err == nil {
				err = fmt.Errorf("%w: %d of %d bytes", ErrTruncated, s.done, s.size)
			}
			return total, err
		}
		if n < blockSize {
			break
		}
	}
	return total, nil
}

// maxVectors bounds the packets filled by one preadv (the kernel's IOV_MAX).
const maxVectors = 1024

// A fileSource reads a regular file by preadv straight into the packets.
type fileSource struct {
	raw     syscall.RawConn
	size    int64
	done    int64
	vectors [maxVectors]unix.Iovec
	used    int
	n       int
	errno   syscall.Errno
	read    func(fd uintptr) bool
}

func newFileSource(raw syscall.RawConn, size int64) *fileSource {
	s := &fileSource{raw: raw, size: size}
	s.read = func(fd uintptr) bool { // made once: a closure per call would be garbage per call
		n, _, errno := unix.Syscall6(unix.SYS_PREADV, fd, uintptr(unsafe.Pointer(&s.vectors[0])),
			uintptr(s.used), uintptr(s.done), uintptr(s.done>>32), 0)
		s.n, s.errno = int(n), errno
		return true
	}
	return s
}

func (s *fileSource) eager() bool { return true }

func (s *fileSource) fill(slots []byte, blockSize, count int) (int, error) {
	count = min(count, maxVectors)
	want := int(min(int64(count)*int64(blockSize), s.size-s.done))
	total := 0
	for total < want {
		s.aim(slots, blockSize, total, want)
		if err := s.raw.Read(s.read); err != nil {
			return total, err
		}
		switch {
		case s.errno == unix.EINTR:
			continue
		case s.errno != 0:
			return total, s.errno
		case s.n == 0:
			return total, fmt.Errorf("%w: %d of %d bytes", ErrTruncated, s.done, s.size)
		}
		total += s.n
		s.done += int64(s.n)
	}
	return total, nil
}

// aim points the vectors at the payload bytes from have to want.
func (s *fileSource) aim(slots []byte, blockSize, have, want int) {
	s.used = 0
	for have < want {
		block, offset := have/blockSize, have%blockSize
		n := min(blockSize-offset, want-have)
		v := &s.vectors[s.used]
		v.Base = &slots[block*(headerSize+blockSize)+headerSize+offset]
		v.SetLen(n)
		s.used++
		have += n
	}
}
