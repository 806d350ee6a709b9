package iscsi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// readBuffer takes in several headers by one system call; larger data goes
// around it, straight into the command's memory.
const readBuffer = 8 << 10

// idleWorkers wait for the next PDU at most; more are started when commands
// take long.
const idleWorkers = 3

// immediateTasks is how many immediate commands may be under way at once,
// beyond the command window.
const immediateTasks = 16

// conn is one connection.
//
// Its workers take turns in reading. One reads until it holds a command that
// can run, passes the reading on, and runs the command itself: a command needs
// no other goroutine to wake up, and one that takes long holds up nobody.
type conn struct {
	srv *Server
	nc  net.Conn
	br  *bufio.Reader
	out outQueue
	cid uint16
	s   *session
	p   params

	hdr      header // the reader's
	trailer  [8]byte
	ahs      [1020]byte
	textMu   sync.Mutex
	text     []byte // of a Text Request that goes on (C bit)
	reply    []byte // of a Text Response that goes on
	seen     atomic.Uint32
	quiet    int // ticks of silence, the keeper's
	lastSeen uint32
	pinged   bool

	turn    chan struct{}
	ended   chan struct{}
	mu      sync.Mutex
	workers int
	idle    int
	wg      sync.WaitGroup
	once    sync.Once
	err     error
}

func newConn(srv *Server, nc net.Conn) *conn {
	c := &conn{
		srv: srv, nc: nc, br: bufio.NewReaderSize(nc, readBuffer), p: defaultParams(),
		turn: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	c.out.init(nc, &srv.pool, srv.bounds.SendTime)
	return c
}

// errLogout ends a connection that was logged out: it is no failure.
var errLogout = errors.New("logged out")

// serve runs the full feature phase until the connection is over. Commands
// whose connection is lost are told at once: nobody waits for them.
func (c *conn) serve() error {
	c.turn <- struct{}{}
	c.startWorker()
	<-c.ended
	if !errors.Is(c.err, errLogout) {
		c.s.end(c.err)
	}
	c.wg.Wait()
	return c.err
}

// end closes the connection, once, for the first reason given.
func (c *conn) end(err error) {
	c.once.Do(func() {
		c.err = err
		c.nc.Close()
		c.out.fail(err)
		close(c.ended)
	})
}

func (c *conn) startWorker() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addWorker()
}

func (c *conn) addWorker() {
	c.workers++
	c.wg.Add(1)
	go c.work()
}

func (c *conn) work() {
	defer c.wg.Done()
	for c.takeTurn() {
		t, err := c.receive()
		if err != nil {
			c.end(err)
			return
		}
		c.passTurn()
		t.run()
	}
}

// takeTurn waits until it is this worker's turn to read. A worker too many
// goes home.
func (c *conn) takeTurn() bool {
	c.mu.Lock()
	if c.idle >= idleWorkers {
		c.workers--
		c.mu.Unlock()
		return false
	}
	c.idle++
	c.mu.Unlock()
	ok := true
	select {
	case <-c.turn:
	case <-c.ended:
		ok = false
	}
	c.mu.Lock()
	c.idle--
	c.mu.Unlock()
	return ok
}

// passTurn lets the next worker read, a new one if all are busy. The window of
// commands bounds their number.
func (c *conn) passTurn() {
	c.turn <- struct{}{}
	c.mu.Lock()
	if c.idle == 0 && c.workers <= c.srv.bounds.QueueDepth+immediateTasks {
		c.addWorker()
	}
	c.mu.Unlock()
}

// readHeader reads a basic header segment with its additional ones.
func (c *conn) readHeader() error {
	if _, err := io.ReadFull(c.br, c.hdr[:]); err != nil {
		return err
	}
	c.seen.Add(1)
	ahs := c.ahs[:c.hdr.ahsLen()]
	if _, err := io.ReadFull(c.br, ahs); err != nil {
		return err
	}
	if c.p.headerDigest {
		if err := c.checkHeaderDigest(ahs); err != nil {
			return err
		}
	}
	return c.hdr.check(c.p.recvSegment)
}

// errHeaderDigest: nothing after it can be trusted, the length least of all
// (RFC 7143 section 7.7).
var errHeaderDigest = errors.New("header digest error")

func (c *conn) checkHeaderDigest(ahs []byte) error {
	if _, err := io.ReadFull(c.br, c.trailer[:digestSize]); err != nil {
		return err
	}
	// Headers are multiples of four bytes, so that no padding is summed.
	sum := updateDigest(digest(c.hdr[:]), ahs)
	if sum != wireDigest(c.trailer[:]) {
		return errHeaderDigest
	}
	return nil
}

// errDataDigest: without recovery the connection is dropped, after a Reject
// that says why (RFC 7143 section 7.8).
var errDataDigest = errors.New("data digest error")

// readData reads the header's data segment; its first bytes into p, the rest
// goes nowhere.
func (c *conn) readData(p []byte) error {
	n := c.hdr.dataLen()
	if n == 0 {
		return nil
	}
	p = p[:min(n, len(p))]
	if _, err := io.ReadFull(c.br, p); err != nil {
		return err
	}
	rest := n - len(p)
	if rest > 0 {
		return c.skipData(p, rest)
	}
	var sum uint32
	if c.p.dataDigest {
		sum = updateDigest(0, p)
	}
	return c.endData(sum, pad(n))
}

// skipData drops the bytes that go nowhere; they are summed all the same.
func (c *conn) skipData(p []byte, rest int) error {
	padding := pad(c.hdr.dataLen())
	sum := updateDigest(0, p) // ends with the padding
	for left := rest + padding; left > 0; {
		chunk, err := c.br.Peek(min(left, readBuffer/2))
		if err != nil {
			return err
		}
		sum = updateDigest(sum, chunk)
		left -= len(chunk)
		if _, err := c.br.Discard(len(chunk)); err != nil {
			return err
		}
	}
	return c.endData(sum, 0)
}

func (c *conn) endData(sum uint32, padding int) error {
	n := padding
	if c.p.dataDigest {
		n += digestSize
	}
	if _, err := io.ReadFull(c.br, c.trailer[:n]); err != nil {
		return err
	}
	if c.p.dataDigest && updateDigest(sum, c.trailer[:padding]) != wireDigest(c.trailer[padding:]) {
		c.reject(&c.hdr, rejectDataDigest)
		return errDataDigest
	}
	return nil
}

// protocolError rejects the PDU and says what ends the connection.
func (c *conn) protocolError(format string, args ...any) error {
	c.reject(&c.hdr, rejectProtocol)
	return fmt.Errorf("protocol error: "+format, args...)
}
