package nbd

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pipe takes pages of a file from the page cache to a socket, without a copy.
// It is filled before anything of the reply is sent, so that an error of the
// file can still be told.
type pipe struct{ r, w, n int }

const (
	// pipeSize is how many bytes a pipe has room for: as many as Linux gives
	// to everyone.
	pipeSize = 1 << 20
	// maxPipes is how many a connection has at most.
	maxPipes = 2
)

func newPipe() (*pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	p := &pipe{r: fds[0], w: fds[1]}
	if _, err := unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, pipeSize); err != nil {
		p.close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return p, nil
}

func (p *pipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}

// fill takes n bytes of a file from off.
func (p *pipe) fill(fd int, off int64, n int) error {
	for p.n < n {
		k, err := unix.Splice(fd, &off, p.w, nil, n-p.n, unix.SPLICE_F_NONBLOCK)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return os.NewSyscallError("splice", err)
		case k == 0:
			return io.ErrUnexpectedEOF
		default:
			p.n += int(k)
		}
	}
	return nil
}

// pipe implements transport. The pipes are made as they are needed.
func (s *socket) pipe(n int) *pipe {
	// A page that is begun or ended in the middle takes room as a whole.
	if n > pipeSize-2*os.Getpagesize() {
		return nil
	}
	select {
	case p := <-s.pipes:
		if p == nil {
			p, _ = newPipe() // without one it is done by copying from now on
		}
		return p
	default:
		return nil
	}
}

// sendPipe implements transport.
func (s *socket) sendPipe(p *pipe) error {
	defer s.takeBack(p)
	for p.n > 0 {
		k, err := unix.Splice(p.r, nil, s.fd, nil, p.n, unix.SPLICE_F_NONBLOCK)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := s.waitForRoom(); err != nil {
				return err
			}
		case err != nil:
			return os.NewSyscallError("splice", err)
		case k == 0:
			return io.ErrShortWrite
		default:
			p.n -= int(k)
			s.took(int(k))
		}
	}
	s.sendUntil = time.Time{}
	return nil
}

// takeBack implements transport. What a pipe still holds can't be had out of it.
func (s *socket) takeBack(p *pipe) {
	if p.n > 0 {
		p.close()
		p = nil
	}
	s.pipes <- p
}

func (s *socket) closePipes() {
	for range len(s.pipes) {
		if p := <-s.pipes; p != nil {
			p.close()
		}
	}
}
