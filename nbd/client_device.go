package nbd

import (
	"context"
	"fmt"

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

// Zero implements block.Device.
func (c *Client) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := c.checkWrite(off, n); err != nil {
		return err
	}
	whole := c.whole(off, n)
	done, err := c.lockBlocks(ctx, whole)
	if err != nil {
		return err
	}
	defer done()
	if whole {
		return c.zero(ctx, off, n, flags)
	}
	return c.zeroUnaligned(ctx, off, n, flags)
}

// zero zeroes whole blocks.
func (c *Client) zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if c.terms.flags&flagWriteZeroes == 0 {
		return c.writeZeros(ctx, off, n, flags)
	}
	f, flush := c.fuaOrFlush(flags&block.ZeroFUA != 0)
	if flags&block.NoHole != 0 {
		f |= cmdNoHole
	}
	if err := c.pieces(ctx, cmdWriteZeroes, f, nil, off, n); err != nil {
		return err
	}
	return flush(ctx)
}

func (c *Client) writeZeros(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	zeros := make([]byte, min(n, int64(c.terms.maxPayload), 1<<20))
	for n > 0 {
		piece := min(n, int64(len(zeros)))
		if err := c.write(ctx, zeros[:piece], off, asWrite(flags)); err != nil {
			return err
		}
		off, n = off+piece, n-piece
	}
	return ctx.Err()
}

// asWrite are the flags of a write instead of a zero.
func asWrite(flags block.ZeroFlags) block.WriteFlags {
	if flags&block.ZeroFUA != 0 {
		return block.FUA
	}
	return 0
}

// Extents implements block.Device, by what the server knows of its allocation.
func (c *Client) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := c.check(off, n); err != nil {
		return err
	}
	if !c.terms.meta {
		if n > 0 && ctx.Err() == nil {
			yield(block.Extent{Offset: off, Length: n})
		}
		return ctx.Err()
	}
	for end := off + n; off < end; {
		at, runs, err := c.status(ctx, off, end-off)
		if err != nil {
			return err
		}
		began := off
		for _, d := range runs {
			at += d.length
			e := d.extent(off, min(at, end))
			if e.Length <= 0 { // of a block, before what is asked
				continue
			}
			if !yield(e) {
				return nil
			}
			off += e.Length
		}
		if off == began {
			return fmt.Errorf("the server's block status of %d bytes at %d is empty", end-off, off)
		}
	}
	return nil
}

// status asks once for the block status of n bytes from off. What it returns
// begins at a whole block, and may end anywhere. It is nobody else's, so that
// yield may use the client.
func (c *Client) status(ctx context.Context, off, n int64) (at int64, runs []descriptor, err error) {
	k, err := c.take(ctx)
	if err != nil {
		return 0, nil, err
	}
	at, n = c.covering(off, n)
	k.set(cmdBlockStatus, 0, at, min(n, c.most(cmdBlockStatus)))
	if err := c.do(ctx, k, nil); err != nil {
		return 0, nil, err
	}
	runs, k.runs = k.runs, nil
	c.release(k)
	return at, runs, nil
}

// extent is what a run says of the bytes between two offsets.
func (d descriptor) extent(from, to int64) block.Extent {
	// A hole that isn't said to be zero may read as anything ("base:allocation"),
	// and so is data to a reader.
	zero := d.state&stateZero != 0
	return block.Extent{Offset: from, Length: to - from, Hole: zero && d.state&stateHole != 0, Zero: zero}
}
