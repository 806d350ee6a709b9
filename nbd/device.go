package nbd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// check refuses what is outside the export, or not in whole blocks of a server
// that has a minimum block size of more than a byte.
func (c *Client) check(off, n int64) error {
	if err := block.CheckRange(off, n, c.terms.size); err != nil {
		return err
	}
	if m := int64(c.terms.minBlock); off%m != 0 || n%m != 0 {
		return fmt.Errorf("%d bytes at %d: the server takes whole blocks of %d bytes only", n, off, m)
	}
	return nil
}

func (c *Client) checkWrite(off, n int64) error {
	if c.terms.flags&flagReadOnly != 0 {
		return block.ErrReadOnly
	}
	return c.check(off, n)
}

// command sends one command without data and waits for it.
func (c *Client) command(ctx context.Context, command, flags uint16, off, n int64) error {
	k, err := c.take(ctx)
	if err != nil {
		return err
	}
	k.set(command, flags, off, n)
	if err := c.do(ctx, k, nil); err != nil {
		return err
	}
	c.release(k)
	return nil
}

func (k *call) set(command, flags uint16, off, n int64) {
	k.req.command, k.req.flags, k.req.offset, k.req.length = command, flags, uint64(off), uint64(n)
}

// Read fills p from off.
func (c *Client) Read(ctx context.Context, p []byte, off int64) error {
	if err := c.check(off, int64(len(p))); err != nil {
		return err
	}
	for len(p) > 0 {
		n := min(len(p), c.terms.maxPayload)
		k, err := c.take(ctx)
		if err != nil {
			return err
		}
		k.set(cmdRead, 0, off, int64(n))
		k.p = p[:n]
		if err := c.do(ctx, k, nil); err != nil {
			return err
		}
		c.release(k)
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// Write writes p at off.
func (c *Client) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if err := c.checkWrite(off, int64(len(p))); err != nil {
		return err
	}
	f, flush := c.durable(flags&block.FUA != 0)
	if c.terms.mode == extended {
		f |= cmdPayloadLen
	}
	for len(p) > 0 {
		n := min(len(p), c.terms.maxPayload)
		k, err := c.take(ctx)
		if err != nil {
			return err
		}
		k.set(cmdWrite, f, off, int64(n))
		if err := c.do(ctx, k, p[:n]); err != nil {
			return err
		}
		c.release(k)
		p, off = p[n:], off+int64(n)
	}
	return flush(ctx)
}

// durable says how to make a write durable: by a flag, or by a flush after it.
func (c *Client) durable(fua bool) (flag uint16, after func(context.Context) error) {
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
	return c.command(ctx, cmdFlush, 0, 0, 0)
}

// most is the longest range of a command without data.
func (c *Client) most() int64 {
	if c.terms.mode == extended {
		return 1<<63 - 1
	}
	return 2 << 30
}

// Trim says that a range is of no use any more.
func (c *Client) Trim(ctx context.Context, off, n int64) error {
	if err := c.checkWrite(off, n); err != nil || c.terms.flags&flagTrim == 0 {
		return err
	}
	return c.pieces(ctx, cmdTrim, 0, off, n)
}

func (c *Client) pieces(ctx context.Context, command, flags uint16, off, n int64) error {
	for n > 0 {
		piece := min(n, c.most())
		if err := c.command(ctx, command, flags, off, piece); err != nil {
			return err
		}
		off, n = off+piece, n-piece
	}
	return nil
}

// Zero makes a range read as zeros.
func (c *Client) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := c.checkWrite(off, n); err != nil {
		return err
	}
	f, flush := c.durable(flags&block.ZeroFUA != 0)
	if flags&block.NoHole != 0 {
		f |= cmdNoHole
	}
	var err error
	if c.terms.flags&flagWriteZeroes != 0 {
		err = c.pieces(ctx, cmdWriteZeroes, f, off, n)
	} else {
		err = c.writeZeros(ctx, off, n)
	}
	return errors.Join(err, flush(ctx))
}

func (c *Client) writeZeros(ctx context.Context, off, n int64) error {
	zeros := make([]byte, min(n, int64(c.terms.maxPayload), 1<<20))
	for n > 0 {
		piece := min(n, int64(len(zeros)))
		if err := c.Write(ctx, zeros[:piece], off, 0); err != nil {
			return err
		}
		off, n = off+piece, n-piece
	}
	return nil
}

// Extents tells what the server knows of its allocation.
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
	for n > 0 {
		k, err := c.take(ctx)
		if err != nil {
			return err
		}
		k.set(cmdBlockStatus, 0, off, min(n, c.most()))
		if err := c.do(ctx, k, nil); err != nil {
			return err
		}
		if len(k.runs) == 0 {
			c.release(k)
			return errors.New("the server's block status is empty")
		}
		for _, d := range k.runs {
			zero := d.state&stateZero != 0
			e := block.Extent{Offset: off, Length: d.length, Hole: zero && d.state&stateHole != 0, Zero: zero}
			if !yield(e) {
				c.release(k)
				return nil
			}
			off, n = off+d.length, n-d.length
		}
		c.release(k)
	}
	return nil
}
