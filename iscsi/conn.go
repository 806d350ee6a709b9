package iscsi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block/handoff"
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
// Its workers take turns in reading. While the device is quick, one of them
// keeps the token: it runs what it reads, one command after the other, and their
// answers leave together (see block/handoff). Before a command that may take long it
// hands the token over, so that this one holds up nobody.
type conn struct {
	srv  *Server
	nc   net.Conn
	br   *bufio.Reader
	out  outQueue
	cid  uint16
	s    *session
	p    params
	open bool // past the login; under the session's lock

	hdr      header // the reader's
	trailer  [8]byte
	ahs      [1020]byte
	textMu   sync.Mutex
	text     []byte // of a Text Request that goes on (C bit)
	reply    []byte // of a Text Response that goes on
	textHeld int    // bytes of the session's memory for both
	seen     atomic.Uint32
	quiet    int // ticks of silence, the keeper's
	lastSeen uint32
	pinged   bool
	token    handoff.Token
	segment  atomic.Int32 // the initiator's MaxRecvDataSegmentLength

	free    chan struct{} // holds the token while no worker has it
	ended   chan struct{}
	once    sync.Once
	err     error
	mu      sync.Mutex
	over    bool // no goroutine is started any more
	workers int
	idle    int
	wg      sync.WaitGroup
}

func newConn(srv *Server, nc net.Conn) *conn {
	c := &conn{
		srv: srv, nc: nc, br: bufio.NewReaderSize(nc, readBuffer), p: defaultParams(),
		free: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	c.token.Owner, c.token.Watchdog = c, &srv.watchdog
	c.out.init(nc, &srv.pool, srv.bounds.SendTime)
	return c
}

// errLogout ends a connection that was logged out: it is no failure.
var errLogout = errors.New("logged out")

// serve runs the full feature phase until the connection is over. Commands
// whose connection is lost are told at once: nobody waits for them.
func (c *conn) serve() error {
	c.s.mu.Lock()
	c.open = true
	leaving := c.s.leaving
	c.s.mu.Unlock()
	if leaving > 0 {
		c.start(func() { c.async(asyncLogout, 0, 0, leaving) })
	}
	c.passToken()
	<-c.ended
	if !errors.Is(c.err, errLogout) {
		c.s.end(c.err)
	}
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
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

// start runs f on a goroutine of the connection's, unless that is over.
func (c *conn) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.wg.Go(f)
	}
}

// passToken lets the next worker read, a new one if all are busy. The window of
// commands bounds their number.
func (c *conn) passToken() {
	c.free <- struct{}{}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle == 0 && c.workers <= c.srv.bounds.QueueDepth+immediateTasks && !c.over {
		c.workers++
		c.wg.Go(c.work)
	}
}

func (c *conn) work() {
	for c.takeToken() {
		for c.step() {
			continue
		}
		c.out.flush()
	}
}

// takeToken waits until this worker holds the token. A worker too many
// goes home.
func (c *conn) takeToken() bool {
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
	case <-c.free:
	case <-c.ended:
		ok = false
	}
	c.mu.Lock()
	c.idle--
	c.mu.Unlock()
	return ok
}

// step reads a PDU, with the token, and runs the task that can run because of it. It
// says whether the worker still holds the token.
func (c *conn) step() bool {
	if !c.flushWithToken() {
		return false
	}
	t, err := c.receive()
	if err != nil {
		c.out.finish() // with the Reject that says why
		c.end(err)
		return false
	}
	c.token.Watch() // an answer may wait
	switch {
	case t == nil:
		return true
	case t.latency().Quick():
		no := c.token.Begin()
		t.run()
		return c.token.End(no)
	}
	c.passToken()
	t.run()
	return false
}

// flushWithToken sends the answers before the reader waits for more, or when they
// are many. That may take long too: an initiator may take nothing before it has
// sent all that it has to send.
func (c *conn) flushWithToken() bool {
	if c.br.Buffered() >= headerSize && !c.out.isFull() {
		return true
	}
	no := c.token.Begin()
	c.out.flush()
	return c.token.End(no)
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
