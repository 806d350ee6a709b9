package nbd

import (
	"errors"
	"io"
)

const (
	// largeWrite is the length, in bytes, from which a write is looked ahead to.
	largeWrite = 32 << 10
	// maxAhead is how many writes in a row may wait to be answered together,
	// because each found the next one begun.
	maxAhead = 8
)

// begun is a large write that follows one which is yet to be carried out: its
// header, and as much of its payload as has come.
type begun struct {
	req     request
	payload *buffer // nil: there is none
	got     int     // bytes of the payload
}

// rest is where the bytes go that are yet to come.
func (b *begun) rest() []byte { return b.payload.b[headroom+b.got : headroom+int(b.req.length)] }

func (r *request) large() bool { return r.command == cmdWrite && r.length >= largeWrite }

// peek returns the next request and leaves it in the buffer. After a large write
// nothing is read beyond its header: the next is likely to be one as well, and
// its payload should go where it belongs without a copy.
func (c *conn) peek() (r request, err error) {
	size := c.mode.requestSize()
	if c.bulk {
		c.source.most = size
		defer func() { c.source.most = 0 }()
	}
	head, err := c.in.Peek(size)
	if err == nil {
		err = r.decode(head, c.mode)
	}
	return r, err
}

// lookAhead takes what has come of the next large write before this one is
// carried out. A Unix socket has room for hardly two of them, and its sender is
// woken only when it is nearly empty (unix_writable in net/unix/af_unix.c):
// otherwise the client would sleep while we write, and we while it sends.
func (w *worker) lookAhead() {
	c := w.c
	if !w.req.large() {
		return
	}
	c.source.hasty = true
	next, err := c.peek()
	c.source.hasty = false
	if err != nil || !next.large() || next.length > uint64(c.bounds.MaxPayload) || !c.memory.try(chargeFor(int(next.length))) {
		return // it is read when its turn comes
	}
	_, _ = c.in.Discard(c.mode.requestSize())
	c.begun = begun{req: next, payload: c.server.buffers.get(int(next.length))}
	c.receive(&c.begun)
}

// receive takes what has come of a payload.
func (c *conn) receive(b *begun) {
	c.source.hasty = true
	defer func() { c.source.hasty = false }()
	for len(b.rest()) > 0 {
		n, err := c.in.Read(b.rest())
		if b.got += n; err != nil {
			return
		}
	}
}

// goOn reads the rest of what was begun. What was done before is answered now
// if the client may be waiting for it, and else with others.
func (w *worker) goOn() error {
	c, b := w.c, w.c.begun
	c.begun = begun{}
	w.req, w.payload, w.refused = b.req, b.payload, 0
	c.receive(&b)
	if c.ahead++; len(b.rest()) == 0 && c.ahead < maxAhead {
		return nil
	}
	c.ahead = 0
	c.out.flush()
	_, err := io.ReadFull(c.in, b.rest())
	if err != nil {
		c.drop(w.payload)
	}
	return err
}

// source is what a connection's buffer is filled from: the transport, or, in
// haste, what the transport has already.
type source struct {
	transport
	hasty bool
	most  int // bytes that are read at once, unless it is 0
}

// errNothing is that nothing has come.
var errNothing = errors.New("nothing has come")

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.most > 0 {
		p = p[:min(len(p), s.most)]
	}
	if !s.hasty {
		return s.transport.Read(p)
	}
	if n := s.tryRead(p); n > 0 {
		return n, nil
	}
	return 0, errNothing
}
