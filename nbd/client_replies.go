package nbd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// maxStatusReply is the most bytes of a block status reply that are taken.
	maxStatusReply = 4 << 20
	// maxErrorReply is the most bytes of an error chunk.
	maxErrorReply = maxString + 16
)

// receive reads replies until the connection is over, and then ends all calls.
func (c *Client) receive() {
	defer close(c.over)
	for {
		if err := c.reply(); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the server closed it")
			}
			c.fail(err)
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for i := range c.calls {
		if k := &c.calls[i]; k.pending {
			k.err = c.failed
			c.finish(k)
		}
	}
}

// finish ends a call; c.mu is held.
func (c *Client) finish(k *call) {
	k.pending, k.busy = false, false
	if k.abandoned {
		c.free <- k
		return
	}
	k.done <- struct{}{}
}

// next returns the next n bytes, until something else is read.
func (c *Client) next(n int) ([]byte, error) {
	b, err := c.in.Peek(n)
	_, _ = c.in.Discard(len(b))
	return b, err
}

// reply reads one reply or chunk. An error is the end of the connection.
func (c *Client) reply() error {
	magic, err := c.next(4)
	if err != nil {
		return err
	}
	switch m := binary.BigEndian.Uint32(magic); {
	case m == magicSimpleReply && c.terms.mode != extended:
		return c.simpleReply()
	case m == magicChunk && c.terms.mode == structured, m == magicExtendedChnk && c.terms.mode == extended:
		return c.chunk()
	default:
		return fmt.Errorf("reply begins with %#x: the server is out of step", m)
	}
}

// find returns the call that a cookie belongs to, and marks it busy.
func (c *Client) find(cookie uint64) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := cookie & cookieIndex; i < uint64(len(c.calls)) && c.calls[i].pending && c.calls[i].req.cookie == cookie {
		c.calls[i].busy = true
		return &c.calls[i], nil
	}
	return nil, fmt.Errorf("reply to %#x, which was not asked", cookie)
}

// leave ends the reader's work on a call, and the call if that was all.
func (c *Client) leave(k *call, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.busy = false; last {
		c.finish(k)
	}
}

func (c *Client) simpleReply() error {
	b, err := c.next(simpleReplySize - 4)
	if err != nil {
		return err
	}
	number := binary.BigEndian.Uint32(b)
	k, err := c.find(binary.BigEndian.Uint64(b[4:]))
	if err != nil {
		return err
	}
	switch {
	case number != 0:
		k.err = &RemoteError{Command: commandName(k.req.command), Number: number}
	case k.req.command == cmdRead && c.terms.mode != simple:
		return errors.New("a simple reply to a read, though structured ones were agreed on")
	case k.req.command == cmdRead:
		if err := c.data(k, 0, k.req.length); err != nil {
			return err
		}
	}
	c.leave(k, true)
	return nil
}

// data reads n bytes of a read's data that belong at from. Nobody changes k.p
// while the call is busy.
func (c *Client) data(k *call, from, n uint64) error {
	if k.p == nil { // abandoned
		_, err := io.CopyN(io.Discard, c.in, int64(n))
		return err
	}
	_, err := io.ReadFull(c.in, k.p[from:from+n])
	return err
}

func (c *Client) chunk() error {
	size := chunkSize - 4
	if c.terms.mode == extended {
		size = extendedChunkSize - 4
	}
	b, err := c.next(size)
	if err != nil {
		return err
	}
	var h chunkHeader
	h.decode(b, c.terms.mode)
	k, err := c.find(h.cookie)
	if err != nil {
		return err
	}
	if err := c.payload(k, h); err != nil {
		return fmt.Errorf("reply to %s: %w", commandName(k.req.command), err)
	}
	last := h.flags&chunkDone != 0
	if last && k.err == nil && k.req.command == cmdRead && k.got != k.req.length {
		return fmt.Errorf("reply to read: %d of %d bytes came", k.got, k.req.length)
	}
	c.leave(k, last)
	return nil
}

// payload reads what follows a chunk's header.
func (c *Client) payload(k *call, h chunkHeader) error {
	isRead, isStatus := k.req.command == cmdRead, k.req.command == cmdBlockStatus
	switch {
	case h.kind == chunkNone && h.length == 0 && h.flags&chunkDone != 0:
		return nil
	case h.kind == chunkData && isRead && h.length > 8:
		return c.dataChunk(k, h.length-8)
	case h.kind == chunkHole && isRead && h.length == 12:
		return c.holeChunk(k)
	case h.kind == chunkStatus && isStatus && c.terms.mode == structured && h.length >= 12 && h.length%8 == 4,
		h.kind == chunkStatusExt && isStatus && c.terms.mode == extended && h.length >= 24 && h.length%16 == 8:
		return c.statusChunk(k, h.length)
	case h.kind&(1<<15) != 0 && h.length >= 6 && h.length <= maxErrorReply:
		return c.errorChunk(k, int(h.length))
	}
	return fmt.Errorf("chunk of type %d with %d bytes makes no sense", h.kind, h.length)
}

// within checks that n bytes at off belong to the read and counts them.
func (k *call) within(off, n uint64) error {
	if off < k.req.offset || off-k.req.offset > k.req.length || n > k.req.length-(off-k.req.offset) ||
		n == 0 || n > k.req.length-k.got {
		return fmt.Errorf("%d bytes at %d, which were not asked", n, off)
	}
	k.got += n
	return nil
}

func (c *Client) dataChunk(k *call, n uint64) error {
	b, err := c.next(8)
	if err != nil {
		return err
	}
	off := binary.BigEndian.Uint64(b)
	if err := k.within(off, n); err != nil {
		return err
	}
	return c.data(k, off-k.req.offset, n)
}

func (c *Client) holeChunk(k *call) error {
	b, err := c.next(12)
	if err != nil {
		return err
	}
	off, n := binary.BigEndian.Uint64(b), uint64(binary.BigEndian.Uint32(b[8:]))
	if err := k.within(off, n); err != nil {
		return err
	}
	if k.p != nil {
		clear(k.p[off-k.req.offset:][:n])
	}
	return nil
}

func (c *Client) errorChunk(k *call, n int) error {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.in, b); err != nil {
		return err
	}
	words := int(binary.BigEndian.Uint16(b[4:]))
	if words > n-6 {
		return errors.New("an error message longer than its chunk")
	}
	k.err = &RemoteError{Command: commandName(k.req.command), Number: binary.BigEndian.Uint32(b), Message: string(b[6 : 6+words])}
	return nil
}

func (c *Client) statusChunk(k *call, n uint64) error {
	if n > maxStatusReply {
		return fmt.Errorf("a block status of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.in, b); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(b) != c.terms.metaID {
		return errors.New("block status of a context that was not asked")
	}
	if c.terms.mode == extended {
		if uint64(binary.BigEndian.Uint32(b[4:])) != (n-8)/16 {
			return errors.New("a block status with another number of ranges than it says")
		}
		for b = b[8:]; len(b) > 0; b = b[16:] {
			k.run(binary.BigEndian.Uint64(b), uint32(binary.BigEndian.Uint64(b[8:])))
		}
		return nil
	}
	for b = b[4:]; len(b) > 0; b = b[8:] {
		k.run(uint64(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint32(b[4:]))
	}
	return nil
}

// run takes in one range of a block status; the last may reach beyond what was
// asked.
func (k *call) run(n uint64, state uint32) {
	if n = min(n, k.req.length-k.got); n > 0 {
		k.got += n
		k.runs = append(k.runs, descriptor{int64(n), state})
	}
}
