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

// split calls whole for the whole blocks of a range, and part with a buffer for
// a block, and the block's offset, for each of its ends.
func (c *Client) split(off, n int64, whole func(off, n int64) error, part func(block []byte, at, off, n int64) error) error {
	size := int64(c.terms.minBlock)
	for n > 0 {
		var k int64
		var err error
		if skip := off % size; skip != 0 || n < size {
			k = min(n, size-skip)
			err = part(make([]byte, size), off-skip, off, k)
		} else {
			k = n - n%size
			err = whole(off, k)
		}
		if err != nil {
			return err
		}
		off, n = off+k, n-k
	}
	return nil
}

func (c *Client) readUnaligned(ctx context.Context, p []byte, from int64) error {
	return c.split(from, int64(len(p)), func(off, n int64) error {
		return c.read(ctx, p[off-from:][:n], off)
	}, func(block []byte, at, off, n int64) error {
		if err := c.read(ctx, block, at); err != nil {
			return err
		}
		copy(p[off-from:][:n], block[off-at:])
		return nil
	})
}

func (c *Client) writeUnaligned(ctx context.Context, p []byte, from int64, flags block.WriteFlags) error {
	return c.split(from, int64(len(p)), func(off, n int64) error {
		return c.write(ctx, p[off-from:][:n], off, flags)
	}, func(block []byte, at, off, n int64) error {
		if err := c.read(ctx, block, at); err != nil {
			return err
		}
		copy(block[off-at:], p[off-from:][:n])
		return c.write(ctx, block, at, flags)
	})
}

func (c *Client) zeroUnaligned(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	return c.split(off, n, func(off, n int64) error {
		return c.zero(ctx, off, n, flags)
	}, func(block []byte, at, off, n int64) error {
		if err := c.read(ctx, block, at); err != nil {
			return err
		}
		clear(block[off-at:][:n])
		return c.write(ctx, block, at, asWrite(flags))
	})
}
