package nbd

import (
	"context"

	"github.com/spurboot/spur/block"
)

// A server may take whole blocks only ("Block size constraints"). What begins
// or ends in the middle of one is then read, changed and written back here.

// exclusive is the weight that a write of parts of blocks has: it is alone.
const exclusive = 1 << 32

// lockBlocks keeps writes of parts of blocks, which read them first, from undoing
// other writes to the same blocks. done is to be called after the write.
func (c *Client) lockBlocks(ctx context.Context, whole bool) (done func(), err error) {
	if c.terms.minBlock == 1 {
		return doNothing, ctx.Err()
	}
	weight := int64(exclusive)
	if whole {
		weight = 1
	}
	if err := c.blocks.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	return func() { c.blocks.Release(weight) }, nil
}

func doNothing() {}

// whole says whether a range is of whole blocks.
func (c *Client) whole(off, n int64) bool { return (off|n)&int64(c.terms.minBlock-1) == 0 }

// covering is the smallest range of whole blocks that has n bytes from off.
func (c *Client) covering(off, n int64) (int64, int64) {
	least := int64(c.terms.minBlock) - 1
	start := off &^ least
	return start, (off+n+least)&^least - start
}

// within is the largest range of whole blocks within n bytes from off.
func (c *Client) within(off, n int64) (int64, int64) {
	least := int64(c.terms.minBlock) - 1
	start, end := (off+least)&^least, (off+n)&^least
	return start, max(end-start, 0)
}

// split calls whole for the whole blocks of a range, and part for each of its ends
// that lies within a block.
func (c *Client) split(off, n int64, whole, part func(off, n int64) error) error {
	size := int64(c.terms.minBlock)
	for n > 0 {
		do, k := whole, n-n%size
		if skip := off % size; skip != 0 || n < size {
			do, k = part, min(n, size-skip)
		}
		if err := do(off, k); err != nil {
			return err
		}
		off, n = off+k, n-k
	}
	return nil
}

// blockOf reads the block that off is in.
func (c *Client) blockOf(ctx context.Context, off int64) (block []byte, at int64, err error) {
	at, n := c.covering(off, 1)
	block = make([]byte, n)
	return block, at, c.read(ctx, block, at)
}

// writePart changes a part of a block.
func (c *Client) writePart(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	block, at, err := c.blockOf(ctx, off)
	if err != nil {
		return err
	}
	copy(block[off-at:], p)
	return c.write(ctx, block, at, flags)
}

func (c *Client) readUnaligned(ctx context.Context, p []byte, from int64) error {
	return c.split(from, int64(len(p)), func(off, n int64) error {
		return c.read(ctx, p[off-from:][:n], off)
	}, func(off, n int64) error {
		block, at, err := c.blockOf(ctx, off)
		copy(p[off-from:][:n], block[off-at:])
		return err
	})
}

func (c *Client) writeUnaligned(ctx context.Context, p []byte, from int64, flags block.WriteFlags) error {
	return c.split(from, int64(len(p)), func(off, n int64) error {
		return c.write(ctx, p[off-from:][:n], off, flags)
	}, func(off, n int64) error {
		return c.writePart(ctx, p[off-from:][:n], off, flags)
	})
}

func (c *Client) zeroUnaligned(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	return c.split(off, n, func(off, n int64) error {
		return c.zero(ctx, off, n, flags)
	}, func(off, n int64) error {
		return c.writePart(ctx, make([]byte, n), off, asWrite(flags))
	})
}
