package nbd

import (
	"context"

	"github.com/spurboot/spur/block"
)

func (c *Client) check(off, n int64) error { return block.CheckRange(off, n, c.terms.size) }

func (c *Client) checkWrite(off, n int64) error {
	if c.terms.flags&flagReadOnly != 0 {
		return block.ErrReadOnly
	}
	return c.check(off, n)
}

// pieces sends a command for each piece of a range that one may be about, with the
// piece's part of p, if that isn't nil.
func (c *Client) pieces(ctx context.Context, command, flags uint16, p []byte, off, n int64) error {
	most := c.most(command)
	for n > 0 {
		piece := min(n, most)
		var part []byte
		if p != nil {
			part, p = p[:piece], p[piece:]
		}
		if err := c.command(ctx, command, flags, part, off, piece); err != nil {
			return err
		}
		off, n = off+piece, n-piece
	}
	return nil
}

// most is the longest range of a command.
func (c *Client) most(command uint16) int64 {
	switch {
	case command == cmdRead || command == cmdWrite:
		return int64(c.terms.maxPayload)
	case c.terms.mode == extended:
		return 1<<63 - 1
	}
	return 2 << 30
}

// command sends one command and waits for it. p is what a read is to fill, or what
// a write sends.
func (c *Client) command(ctx context.Context, command, flags uint16, p []byte, off, n int64) error {
	k, err := c.take(ctx)
	if err != nil {
		return err
	}
	k.set(command, flags, off, n)
	if command == cmdRead {
		k.p, p = p, nil
	}
	if err := c.do(ctx, k, p); err != nil {
		return err
	}
	c.release(k)
	return nil
}

func (k *call) set(command, flags uint16, off, n int64) {
	k.req.command, k.req.flags, k.req.offset, k.req.length = command, flags, uint64(off), uint64(n)
}

// Read implements block.Device.
func (c *Client) Read(ctx context.Context, p []byte, off int64) error {
	if err := c.check(off, int64(len(p))); err != nil {
		return err
	}
	if c.whole(off, int64(len(p))) {
		return c.read(ctx, p, off)
	}
	return c.readUnaligned(ctx, p, off)
}

// read reads whole blocks.
func (c *Client) read(ctx context.Context, p []byte, off int64) error {
	return c.pieces(ctx, cmdRead, 0, p, off, int64(len(p)))
}

// Write implements block.Device.
func (c *Client) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if err := c.checkWrite(off, int64(len(p))); err != nil {
		return err
	}
	whole := c.whole(off, int64(len(p)))
	done, err := c.lockBlocks(ctx, whole)
	if err != nil {
		return err
	}
	defer done()
	if whole {
		return c.write(ctx, p, off, flags)
	}
	return c.writeUnaligned(ctx, p, off, flags)
}

// write writes whole blocks.
func (c *Client) write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	f, flush := c.fuaOrFlush(flags&block.FUA != 0)
	if c.terms.mode == extended {
		f |= cmdPayloadLen
	}
	if err := c.pieces(ctx, cmdWrite, f, p, off, int64(len(p))); err != nil {
		return err
	}
	return flush(ctx)
}

// fuaOrFlush says how to make a write durable: by a flag, or by a flush after it.
func (c *Client) fuaOrFlush(fua bool) (flag uint16, after func(context.Context) error) {
	switch {
	case !fua:
	case c.terms.flags&flagFUA != 0:
		return cmdFUA, nothing
	default:
		return 0, c.Flush
	}
	return 0, nothing
}

func nothing(context.Context) error { return nil }

// Flush makes what was written durable. A server that can't flush has nothing
// to flush.
func (c *Client) Flush(ctx context.Context) error {
	if c.terms.flags&flagFlush == 0 {
		return ctx.Err()
	}
	return c.command(ctx, cmdFlush, 0, nil, 0, 0)
}

// Trim implements block.Device; a server may refuse parts of blocks, which stay.
func (c *Client) Trim(ctx context.Context, off, n int64) error {
	if err := c.checkWrite(off, n); err != nil || c.terms.flags&flagTrim == 0 {
		return err
	}
	off, n = c.within(off, n)
	if n == 0 {
		return ctx.Err()
	}
	return c.pieces(ctx, cmdTrim, 0, nil, off, n)
}
