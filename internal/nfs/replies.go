package nfs

import (
	"encoding/binary"
	"net"
	"time"

	"github.com/spurboot/spur/block/share"
)

// Sizes of buffers for replies: a connection has one for those that are sent together, and
// takes a large one for the time of a long read.
const (
	around      = 4 << 10       // bytes of a reply around its data
	mostWaiting = share.Reserve // which no other connection has to do without
)

const (
	// longestWait is after what time a reply waits for no further one, since the next call may
	// be for a part of a file that is slow to come.
	longestWait = time.Millisecond
	// memoryWait is how long a read waits for memory that others hold, before its client is
	// told to ask again.
	memoryWait = 10 * time.Second
)

// replies are those of a connection that are to be sent.
type replies struct {
	buffer  []byte    // of mostWaiting
	waiting []byte    // what is done, somewhere in it
	since   time.Time // when the first one was
	writing encoder   // the reply to the call under way: behind them, or in a large buffer
	large   *[]byte   // nil unless there is a long read; its capacity is what is taken for it
	vector  [2][]byte // the parts of a write
	parts   net.Buffers
	failed  error // of the first write that did
}

// begin begins a reply behind those that wait.
func (c *conn) begin() *encoder {
	r := &c.replies
	if r.buffer == nil {
		r.buffer = make([]byte, mostWaiting)
	}
	if len(r.waiting) == 0 {
		r.waiting = r.buffer[:0]
	}
	behind := r.waiting[len(r.waiting):]
	r.writing.b = append(behind, 0, 0, 0, 0) //nolint:gocritic // It is written behind those that wait, in their buffer
	return &r.writing
}

// reserve makes room for n bytes of data. Where the buffer has too little, what waits goes out,
// and where a large one is needed and there is no memory for that, ok is false.
func (c *conn) reserve(e *encoder, n int) (ok bool) {
	switch {
	case n > mostFolder:
		return c.takeLarge(e, n)
	case n+around > cap(e.b)-len(e.b):
		_ = c.send() // whose error is that of the next one, too
		e.b = append(c.replies.buffer[:0], e.b...)
		c.replies.waiting = c.replies.buffer[:0]
	}
	return true
}

// takeLarge goes on with a reply in a large buffer. Before it waits for memory, what is done
// goes out.
func (c *conn) takeLarge(e *encoder, n int) (ok bool) {
	_, length := sizeOf(n)
	if !c.account.Try(length) {
		_ = c.send()
		if c.account.Take(length, memoryWait, c.stop) != nil {
			return false
		}
	}
	c.replies.large = c.all.buffers.get(n)
	e.b = append(*c.replies.large, e.b...)
	return true
}

// finish ends a reply. It waits for others to be sent with, unless the buffer is nearly full or
// it is elsewhere.
func (c *conn) finish() error {
	r := &c.replies
	b := r.writing.b
	binary.BigEndian.PutUint32(b, uint32(len(b)-4)|lastFragment)
	behind := r.waiting[len(r.waiting):cap(r.waiting)]
	if &b[0] != &behind[0] {
		defer c.release()
		return c.write(r.waiting, b)
	}
	now := time.Now()
	if len(r.waiting) == 0 {
		r.since = now
	}
	r.waiting = r.waiting[:len(r.waiting)+len(b)]
	if cap(r.waiting)-len(r.waiting) < around || now.Sub(r.since) > longestWait {
		return c.send()
	}
	return nil
}

// send sends the replies that are done. The one that is being written stays.
func (c *conn) send() error {
	if len(c.replies.waiting) == 0 {
		return nil
	}
	return c.write(c.replies.waiting, nil)
}

// write sends what waits, and a reply that is elsewhere, by one call of the system. Neither is
// kept, whether or not that succeeds; where it didn't, nothing is sent any more.
func (c *conn) write(waiting, other []byte) error {
	r := &c.replies
	r.waiting = r.waiting[len(r.waiting):]
	if r.failed != nil {
		return r.failed
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.all.bounds.ReplyTimeout))
	r.vector = [2][]byte{waiting, other}
	r.parts = r.vector[:]
	_, r.failed = r.parts.WriteTo(c.nc)
	return r.failed
}

// release gives back what a long read took.
func (c *conn) release() {
	large := c.replies.large
	if large == nil {
		return
	}
	c.replies.large = nil
	c.all.buffers.put(large)
	c.account.Give(cap(*large))
}
