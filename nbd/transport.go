package nbd

import (
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

// plain is a transport over anything, TLS above all.
type plain struct {
	net.Conn
	timeout time.Duration // of a send
	set     time.Time     // when the deadline of sending was set
	stopped atomic.Bool
	buffers net.Buffers
	array   [][]byte
}

func newPlain(nc net.Conn, timeout time.Duration) *plain {
	return &plain{Conn: nc, timeout: timeout}
}

// expect implements transport.
func (p *plain) expect(until time.Time) {
	_ = p.SetReadDeadline(until)
	if p.stopped.Load() { // meanwhile
		_ = p.SetReadDeadline(time.Unix(1, 0))
	}
}

// send implements transport. Pieces longer than sendPiece, which only data have,
// are sent in parts.
func (p *plain) send(all [][]byte) error {
	for len(all) > 0 {
		count, size := 0, 0
		for count < len(all) && size+len(all[count]) <= sendPiece {
			size += len(all[count])
			count++
		}
		part := all[:count]
		if count == 0 {
			p.array = append(p.array[:0], all[0][:sendPiece])
			part = p.array
			all[0] = all[0][sendPiece:]
		}
		if err := p.sendSome(part); err != nil {
			return err
		}
		all = all[count:]
	}
	return nil
}

func (p *plain) sendSome(all [][]byte) (err error) {
	if err := p.setDeadline(); err != nil {
		return err
	}
	if len(all) == 1 {
		_, err = p.Write(all[0])
		return err
	}
	p.array = append(p.array[:0], all...) // WriteTo clears it
	p.buffers = p.array
	_, err = p.buffers.WriteTo(p.Conn)
	return err
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
