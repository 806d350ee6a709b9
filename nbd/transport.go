package nbd

import (
	"bufio"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// transport carries the bytes of the transmission phase: plain over any
// net.Conn, socket over those of Linux.
type transport interface {
	// Read is for one reader at a time.
	Read(p []byte) (int, error)
	// expect is the reader's: a Read that would wait longer is an
	// os.ErrDeadlineExceeded. The zero time lets it wait for ever.
	expect(until time.Time)
	// send sends all, for one sender at a time. A peer that doesn't take a MiB
	// of it in time, or is gone, is an error, after which nothing can be sent.
	send(all [][]byte) error
	// pipe returns an empty pipe for n bytes of a file, or nil: then they are
	// to be read and sent. sendPipe sends what is in it and takes it back;
	// takeBack does only that.
	pipe(n int) *pipe
	sendPipe(p *pipe) error
	takeBack(p *pipe)
	// stopReading ends a Read that waits, and every later one; cut ends
	// everything that waits.
	stopReading()
	cut()
	// close is called once, when nobody uses it.
	close()
}

// sendPiece is how many bytes have the timeout to be sent.
const sendPiece = 1 << 20

// plain is a transport over anything, TLS above all. Small replies leave together.
type plain struct {
	net.Conn
	timeout time.Duration // of a send
	set     time.Time     // when the deadline of sending was set
	stopped atomic.Bool
	out     *bufio.Writer // into write
}

func newPlain(nc net.Conn, timeout time.Duration) *plain {
	p := &plain{Conn: nc, timeout: timeout}
	p.out = bufio.NewWriterSize(writerFunc(p.write), outputBuffer)
	return p
}

// outputBuffer is the size of a plain transport's buffer: a record of TLS.
const outputBuffer = 16 << 10

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// expect implements transport.
func (p *plain) expect(until time.Time) {
	_ = p.SetReadDeadline(until)
	if p.stopped.Load() { // meanwhile
		_ = p.SetReadDeadline(time.Unix(1, 0))
	}
}

// send implements transport.
func (p *plain) send(all [][]byte) error {
	for _, b := range all {
		if _, err := p.out.Write(b); err != nil {
			return err
		}
	}
	return p.out.Flush()
}

// write sends in pieces, each of which has the timeout.
func (p *plain) write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		if err = p.setDeadline(); err == nil {
			var k int
			k, err = p.Write(b[n:min(n+sendPiece, len(b))])
			n += k
		}
	}
	return n, err
}

// setDeadline gives the peer at least the timeout; a little more spares a new
// deadline for every send.
func (p *plain) setDeadline() error {
	now, slack := time.Now(), p.timeout/8
	if now.Sub(p.set) < slack {
		return nil
	}
	p.set = now
	return p.SetWriteDeadline(now.Add(p.timeout + slack))
}

func (p *plain) pipe(int) *pipe { return nil }

func (p *plain) sendPipe(*pipe) error { return errors.ErrUnsupported }

func (p *plain) takeBack(*pipe) {}

func (p *plain) stopReading() {
	p.stopped.Store(true)
	_ = p.SetReadDeadline(time.Unix(1, 0))
}

func (p *plain) cut() { p.Conn.Close() }

func (p *plain) close() {
	_ = p.SetDeadline(time.Now().Add(time.Second)) // for TLS to say goodbye
	p.Conn.Close()
}
