package nbd

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
)

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
