package httpd

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// minProgress is how many bytes a peer must take within the stall time to be
// called slow and not stalled. A virtual CD of a management controller on a
// bad line takes a few kilobytes a second.
const minProgress = 64 << 10

// conn is a connection whose writes never wait for long on a peer that doesn't
// read, whatever the handler above does.
type conn struct {
	net.Conn
	stall   time.Duration
	release func() // gives back the place among the connections, once
	peer    netip.Addr
	number  uint64 // of the connections that got a place
	wake    func() // has the listener look for a place again
	refused bool   // has no place: every request is answered by 503
	paced   int64  // bytes a second at most; 0 for no bound
	corked  bool   // see cork

	hello   *tls.ClientHelloInfo // while a TLS handshake is made over it
	busy    atomic.Bool          // it has a request, whose answer isn't out
	pending atomic.Bool          // bytes of a request came, no handler has it yet
	closing atomic.Bool          // what is written yet must not take time
	once    sync.Once
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}

// CloseWrite lets net/http end a refused request without losing the answer.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Write writes all of p as long as the peer takes [minProgress] per stall time.
func (c *conn) Write(p []byte) (total int, err error) {
	for {
		n, err := c.push(func() (int64, error) {
			n, err := c.Conn.Write(p[total:])
			return int64(n), err
		})
		total += int(n)
		if !errors.Is(err, errSlow) {
			return total, err
		}
	}
}

// ReadFrom sends src: part of an operating system file by [net.TCPConn.ReadFrom],
// which uses sendfile(2).
func (c *conn) ReadFrom(src io.Reader) (total int64, err error) {
	part, file := fileOf(src)
	to, ok := c.Conn.(io.ReaderFrom)
	if file == nil || !ok {
		return io.Copy(onlyWriter{c}, src)
	}
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil { // a pipe
		return io.Copy(onlyWriter{c}, src)
	}
	for size := part.N; ; part.N = size - total {
		n, err := c.push(func() (int64, error) { return to.ReadFrom(part) })
		total += n
		if !errors.Is(err, errSlow) {
			return total, err
		}
		// Where the kernel can't send the file, more was read than sent.
		if _, err := file.Seek(start+total, io.SeekStart); err != nil {
			return total, err
		}
	}
}

// errSlow says that the time was up, but enough had moved to go on.
var errSlow = errors.New("slow")

// push does one write with a fresh deadline.
func (c *conn) push(write func() (int64, error)) (int64, error) {
	patience := c.stall
	if c.closing.Load() {
		patience = closePatience
	}
	if err := c.Conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := write()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	if n >= minProgress {
		return n, errSlow
	}
	return n, c.stalled()
}

func (c *conn) stalled() error {
	return fmt.Errorf("%w: less than %d KiB in %s", ErrStalled, minProgress>>10, c.stall)
}

// fileOf is the operating system file of which src reads a part, if it does.
func fileOf(src io.Reader) (*io.LimitedReader, *os.File) {
	part, ok := src.(*io.LimitedReader)
	if !ok {
		return nil, nil
	}
	file, _ := part.R.(*os.File)
	return part, file
}
