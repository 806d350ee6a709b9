package nbd

import (
	"context"

	"github.com/spurboot/spur/block"
)

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
