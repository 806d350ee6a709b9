package nbd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/handoff"
	"github.com/spurboot/spur/block/share"
)

// conn is a connection in the transmission phase. One of its workers holds the
// token: it reads requests. While commands are quick it carries them out inline,
// one after the other, so that nobody has to be woken and replies leave together
// (see block/handoff). Before a command that may take long it hands the token over
// to another worker.
type conn struct {
	server  *Server
	session *Session
	t       transport
	in      *bufio.Reader // of t
	mode    mode
	meta    bool
	dev     block.Device
	caps    block.Caps
	inFile  block.InFile // nil if the device isn't
	ro      bool
	bounds  Bounds
	ctx     context.Context // of the commands
	memory  *share.Account
	out     sendQueue
	wg      sync.WaitGroup
	latency [2]handoff.Latency // of reads and of writes
	token   handoff.Token

	free chan struct{} // holds the token while no worker has it
	idle atomic.Int32  // workers that wait for it

	// Of the one who holds the token.
	workers int
	ended   error // why there are no more requests
}

// errGoodbye is a client's NBD_CMD_DISC.
var errGoodbye = errors.New("the client said goodbye")

func newConn(s *Server, nc net.Conn, in *bufio.Reader, h *optionPhase, a *admission) *conn {
	e := h.chosen
	early, _ := in.Peek(in.Buffered())
	t := newTransport(nc, a.threads, a.bounds.WriteTimeout)
	all := io.MultiReader(bytes.NewReader(bytes.Clone(early)), t)
	c := &conn{server: s, t: t, in: bufio.NewReaderSize(all, inputBuffer), mode: h.mode, meta: h.meta, dev: e.Device,
		caps: e.Device.Caps(), ro: e.readOnly(), bounds: a.bounds, free: make(chan struct{}, 1)}
	c.token.Owner, c.token.Watchdog = c, &a.watchdog
	c.session = &Session{Peer: h.peer, Export: e, ReplyMode: h.mode.String()}
	c.inFile, _ = e.Device.(block.InFile)
	c.memory = a.memory.Open(share.PeerOf(h.peer.Addr), a.bounds.Memory)
	c.out = sendQueue{t: t, buffers: &s.buffers, memory: c.memory}
	return c
}

// run serves until the client is gone, or ctx ends and what was under way is
// done.
func (c *conn) run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c.ctx = work
	c.handOver()
	done := make(chan struct{})
	go func() { c.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		c.t.stopReading()
		grace := time.NewTimer(c.bounds.Grace)
		defer grace.Stop()
		select {
		case <-done:
		case <-grace.C:
			cancel()
			c.t.cut()
			<-done
		}
	}
	c.t.close()
	c.memory.Close()
	switch why := context.Cause(ctx); {
	case errors.Is(why, errGaveWay):
		return why
	case why != nil, errors.Is(c.ended, errGoodbye):
		return nil
	}
	return c.ended
}

// handOver hands the token over. It starts a worker when none waits for it.
func (c *conn) handOver() {
	if c.ended == nil && c.idle.Load() == 0 && c.workers < c.bounds.InFlight {
		c.workers++
		c.wg.Go(c.work)
	}
	c.free <- struct{}{}
}

// work is one worker, for as long as there are requests.
func (c *conn) work() {
	w := newWorker(c)
	for {
		c.idle.Add(1)
		<-c.free
		c.idle.Add(-1)
		for has := true; has; {
			if c.ended == nil {
				c.ended = w.next()
			}
			if c.ended != nil {
				c.out.flush()
				c.handOver()
				return
			}
			has = w.step()
		}
		c.out.flush()
	}
}

// buffer returns memory for n bytes, once the connection may have it, or nil
// where that takes too long. The replies that wait to be sent hold some.
func (c *conn) buffer(n int) *buffer {
	if !c.hold(chargeFor(n)) {
		return nil
	}
	return c.server.buffers.get(n)
}

// hold waits until the connection may hold n bytes more. Meanwhile a payload waits
// in the socket.
func (c *conn) hold(n int) bool {
	if c.memory.Try(n) {
		return true
	}
	c.out.flush()
	return c.memory.Take(n, c.bounds.WriteTimeout, c.ctx.Done()) == nil
}

func (c *conn) drop(b *buffer) {
	n := charge(b)
	c.server.buffers.put(b)
	c.memory.Give(n)
}

// next reads the next request with its payload. The worker holds the token.
func (w *worker) next() error {
	c := w.c
	if c.in.Buffered() < c.mode.requestSize() {
		c.out.flush()
	}
	head, err := c.in.Peek(c.mode.requestSize())
	if err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("client went away without a goodbye: %w", io.EOF)
		}
		return err
	}
	if err := w.req.decode(head, c.mode); err != nil {
		return err
	}
	_, _ = c.in.Discard(c.mode.requestSize())
	if w.req.command == cmdDisconnect {
		return errGoodbye
	}
	w.refused, w.payload = 0, nil
	n := w.req.payload(c.mode)
	if n == 0 {
		return nil
	}
	if uint64(c.in.Buffered()) < n {
		c.out.flush()
	}
	switch {
	case n > 1<<32:
		return fmt.Errorf("%s with %d bytes: too much to be read", commandName(w.req.command), n)
	case n > uint64(c.bounds.MaxPayload) || w.req.command != cmdWrite && n > maxStatusPayload:
		w.refused = errInvalid
	default:
		if w.payload = c.buffer(int(n)); w.payload == nil {
			w.refused = errNoMemory
		}
	}
	if w.refused != 0 {
		_, err := io.CopyN(io.Discard, c.in, int64(n))
		return err
	}
	if err := c.readPayload(w.payload.b[headroom : headroom+int(n)]); err != nil {
		c.drop(w.payload)
		return err
	}
	return nil
}

// readPiece is how many bytes of a payload have ReadTimeout to come.
const readPiece = 1 << 20

// readPayload reads what a client has announced and must send soon, because it
// holds memory meanwhile.
func (c *conn) readPayload(p []byte) error {
	if len(p) <= c.in.Buffered() {
		_, err := io.ReadFull(c.in, p)
		return err
	}
	defer c.t.expect(time.Time{})
	for len(p) > 0 {
		n := min(len(p), readPiece)
		if err := c.readSoon(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (c *conn) readSoon(p []byte) error {
	until := time.Now().Add(c.bounds.ReadTimeout)
	c.t.expect(until)
	for len(p) > 0 {
		n, err := c.in.Read(p)
		p = p[n:]
		late := len(p) > 0 && time.Now().After(until) // also where a little comes all the time
		switch {
		case late || errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("%d bytes that a write announced didn't come within %v", len(p), c.bounds.ReadTimeout)
		case err != nil:
			return err
		}
	}
	return nil
}
