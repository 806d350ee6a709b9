package qcow2

import (
	"context"

	"github.com/spurboot/spur/block"
)

// Extents implements block.Device.
func (img *Image) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, img.Size()); err != nil {
		return err
	}
	slot, err := img.enter(ctx)
	if err != nil {
		return err
	}
	defer img.leave(slot)
	j := joined{yield: yield}
	for end := off + n; off < end && !j.stopped; {
		if err := ctx.Err(); err != nil {
			return err
		}
		img.mu.Lock()
		r, err := img.lookup(off, end-off)
		img.mu.Unlock()
		if err != nil {
			return err
		}
		if r.kind != absent {
			j.add(block.Extent{Offset: off, Length: r.n, Hole: r.kind == zeros, Zero: r.kind == zeros})
		} else if err := img.absentExtents(ctx, off, r.n, &j); err != nil {
			return err
		}
		off += r.n
	}
	j.end()
	return nil
}

// absentExtents asks the backing image.
func (img *Image) absentExtents(ctx context.Context, off, n int64, j *joined) error {
	k := img.inBacking(off, n)
	if k > 0 {
		if err := img.backing.Extents(ctx, off, k, j.add); err != nil {
			return err
		}
	}
	if k < n {
		j.add(block.Extent{Offset: off + k, Length: n - k, Hole: true, Zero: true})
	}
	return nil
}

// joined makes one extent of neighbours that are alike.
type joined struct {
	last    block.Extent
	yield   func(block.Extent) bool
	stopped bool
}

func (j *joined) add(e block.Extent) bool {
	if e.Length > 0 && e.Hole == j.last.Hole && e.Zero == j.last.Zero && j.last.Length > 0 {
		j.last.Length += e.Length
	} else if e.Length > 0 {
		j.end()
		j.last = e
	}
	return !j.stopped
}

func (j *joined) end() {
	if j.last.Length > 0 && !j.stopped {
		j.stopped = !j.yield(j.last)
	}
	j.last = block.Extent{}
}
