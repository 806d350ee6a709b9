package nbd

import (
	"errors"
	"slices"
)

const (
	// largeWrite is the length, in bytes, from which a write is looked ahead to.
	largeWrite = 32 << 10
	// maxAhead is how many writes in a row may wait to be answered together,
	// because each found the next one begun.
	maxAhead = 8
	// maxBegun is how many bytes of writes may wait to be carried out when one
	// more is begun. It is what a core's cache holds besides.
	maxBegun = 512 << 10
)

// begun is a large write that follows one which is yet to be carried out: its
// header, and as much of its payload as has come. Only the last may lack some.
type begun struct {
	req     request
	payload *buffer
	got     int // bytes of the payload
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

// lookAhead takes what has come of the next large writes before this one is
// carried out: until nothing more has, or enough of them wait. A Unix socket has
// room for hardly two, and its sender is woken only when it is nearly empty
// (unix_writable in net/unix/af_unix.c). So the client would sleep while we
// write, and we would have nothing to do while it wakes up.
func (w *worker) lookAhead() {
	c := w.c
	if !w.req.large() {
		return
	}
	c.source.hasty = true
	defer func() { c.source.hasty = false }()
	if last := len(c.begun) - 1; last >= 0 && !c.receive(&c.begun[last]) {
		return
	}
	for c.waiting < maxBegun && c.begin() && c.receive(&c.begun[len(c.begun)-1]) {
	}
}

// begin takes the header of the next request, if it has come, is that of a large
// write, and there is memory for it. Any other is read when its turn comes.
func (c *conn) begin() bool {
	next, err := c.peek()
	if err != nil || !next.large() || next.length > uint64(c.bounds.MaxPayload) || !c.memory.Try(chargeFor(int(next.length))) {
		return false
	}
	_, _ = c.in.Discard(c.mode.requestSize())
	c.begun = append(c.begun, begun{req: next, payload: c.server.buffers.get(int(next.length))})
	c.waiting += int(next.length)
	return true
}

// receive takes what has come of a payload, and says whether that is all of it.
func (c *conn) receive(b *begun) bool {
	for len(b.rest()) > 0 {
		n, err := c.in.Read(b.rest())
		if b.got += n; err != nil {
			return false
		}
	}
	return true
}

// goOn reads the rest of what was begun first. What was done before is answered
// now if the client may be waiting for it, and else with others.
func (w *worker) goOn() error {
	c, b := w.c, w.c.begun[0]
	c.begun = slices.Delete(c.begun, 0, 1)
	c.waiting -= int(b.req.length)
	w.req, w.payload, w.refused = b.req, b.payload, 0
	c.source.hasty = true
	whole := c.receive(&b)
	c.source.hasty = false
	if c.ahead++; whole && c.ahead < maxAhead {
		return nil
	}
	c.ahead = 0
	c.out.flush()
	err := c.readPayload(b.rest())
	if err != nil {
		c.drop(w.payload)
	}
	return err
}

// giveBegun gives back what was begun, at the end of the connection.
func (c *conn) giveBegun() {
	for _, b := range c.begun {
		c.drop(b.payload)
	}
	c.begun = nil
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
