package nbd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/spurboot/spur/block"
)

// conn is a connection in the transmission phase. Its workers take turns: one
// reads a request, lets the next one read, carries the request out and sees to
// the reply. So a connection with one command at a time is served without
// handing anything over, and one with many is served by many.
type conn struct {
	server  *Server
	session *Session
	nc      net.Conn
	in      *bufio.Reader
	mode    mode
	meta    bool
	dev     block.Device
	caps    block.Caps
	ro      bool
	bounds  Bounds
	ctx     context.Context // of the commands
	memory  budget
	out     outbox
	wg      sync.WaitGroup

	turn    sync.Mutex // guards in and what follows
	workers int
	ended   error // why there are no more requests

	waiting sync.Mutex // guards idle
	idle    int        // workers that wait for their turn
}

// errGoodbye is a client's NBD_CMD_DISC.
var errGoodbye = errors.New("the client said goodbye")

func newConn(s *Server, nc net.Conn, in *bufio.Reader, h *haggle, b Bounds) *conn {
	e := h.chosen
	c := &conn{server: s, nc: nc, in: in, mode: h.mode, meta: h.meta, dev: e.Device, caps: e.Device.Caps(),
		ro: e.readOnly(), bounds: b}
	c.session = &Session{Peer: h.peer, Export: e, ReplyMode: h.mode.String()}
	c.memory.init(b.Memory)
	c.out = outbox{nc: nc, timeout: b.WriteTimeout, buffers: &s.buffers, memory: &c.memory}
	return c
}

// run serves until the client is gone, or ctx ends and what was under way is
// done.
func (c *conn) run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c.ctx = work
	c.workers = 1
	c.wg.Add(1)
	go c.work()
	done := make(chan struct{})
	go func() { c.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
		grace := time.NewTimer(c.bounds.Grace)
		defer grace.Stop()
		select {
		case <-done:
		case <-grace.C:
			cancel()
			c.nc.Close()
			<-done
		}
	}
	_ = c.nc.SetDeadline(time.Now().Add(time.Second)) // for TLS to say goodbye
	c.nc.Close()
	if ctx.Err() != nil || errors.Is(c.ended, errGoodbye) {
		return nil
	}
	return c.ended
}

// work is one worker, for as long as there are requests.
func (c *conn) work() {
	defer c.wg.Done()
	w := newWorker(c)
	for {
		c.queue(1)
		c.turn.Lock()
		c.queue(-1)
		if c.ended == nil {
			c.ended = w.next()
		}
		if c.ended != nil {
			c.turn.Unlock()
			return
		}
		if c.queue(0) == 0 && c.workers < c.bounds.InFlight {
			c.workers++
			c.wg.Add(1)
			go c.work()
		}
		c.turn.Unlock()
		w.carryOut()
	}
}

// queue counts the workers that wait to read.
func (c *conn) queue(n int) int {
	c.waiting.Lock()
	defer c.waiting.Unlock()
	c.idle += n
	return c.idle
}

// buffer returns memory for n bytes, once the connection may have it.
func (c *conn) buffer(n int) *buffer {
	c.memory.take(chargeFor(n))
	return c.server.buffers.get(n)
}

func (c *conn) drop(b *buffer) {
	n := charge(b)
	c.server.buffers.put(b)
	c.memory.give(n)
}

// next reads the next request with its payload, in turn.
func (w *worker) next() error {
	c := w.c
	head := w.head[:c.mode.requestSize()]
	if _, err := io.ReadFull(c.in, head); err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("client went away without a goodbye: %w", io.EOF)
		}
		return err
	}
	if err := w.req.decode(head, c.mode); err != nil {
		return err
	}
	if w.req.command == cmdDisconnect {
		return errGoodbye
	}
	w.refused, w.payload = 0, nil
	n := w.req.payload(c.mode)
	switch {
	case n == 0:
		return nil
	case n > 1<<32:
		return fmt.Errorf("%s with %d bytes: too much to be read", commandName(w.req.command), n)
	case n > uint64(c.bounds.MaxPayload) || w.req.command != cmdWrite && n > maxStatusPayload:
		w.refused = errInvalid
		_, err := io.CopyN(io.Discard, c.in, int64(n))
		return err
	}
	w.payload = c.buffer(int(n))
	if _, err := io.ReadFull(c.in, w.payload.b[headroom:headroom+int(n)]); err != nil {
		c.drop(w.payload)
		return err
	}
	return nil
}
