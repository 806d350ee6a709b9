package iscsi

import (
	"bufio"
	"errors"
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
	out  sendQueue
	cid  uint16
	s    *session
	p    params
	open bool // past the login; under the session's lock

	unhook func() bool // has the server's end close it no more

	hdr      header // the reader's
	trailer  [digestSize]byte
	ahs      [1020]byte
	textMu   sync.Mutex
	text     []byte        // of a Text Request that goes on (C bit)
	reply    []byte        // of a Text Response that goes on
	textHeld int           // bytes of the session's memory for both
	seen     atomic.Uint32 // counts PDUs
	token    handoff.Token
	segment  atomic.Int32 // the initiator's MaxRecvDataSegmentLength

	keepalive

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
		c.start(func() { c.requestLogout(leaving) })
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
