package qcow2

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// recount sets all counts right, in an image whose counts were not written
// before it was left. Nothing else is under way.
func (img *Image) recount(ctx context.Context) error {
	var report Report
	c, err := img.takeCensus(ctx, &report)
	if err != nil {
		return err
	}
	if report.Errors > 0 {
		return fmt.Errorf("%s: %w", report.Details[0], ErrCorrupt)
	}
	if err := c.addBlocks(ctx); err != nil {
		return err
	}
	if err := c.compare(ctx, true, true); err != nil {
		return err
	}
	if err := c.checkCopied(ctx, true); err != nil {
		return err
	}
	return img.flush(false)
}

// addBlocks adds the refcount blocks that the census needs, behind everything.
func (c *census) addBlocks(ctx context.Context) error {
	r := &c.img.counts
	end := max(c.limit, c.tally.most+1)
	need := func(i int64) error {
		for ; r.block(i*r.perBlock()) == 0; end++ {
			k := end / r.perBlock()
			if r.block(end) != 0 {
				k = i
			}
			if k >= r.tableLen {
				return fmt.Errorf("the refcount table is too small: repair it by qemu-img check -r all: %w", ErrUnsupported)
			}
			if err := r.putBlock(k, end); err != nil {
				return err
			}
			if err := c.tally.add(end, 1, 1); err != nil {
				return err
			}
		}
		return nil
	}
	for _, page := range slices.Sorted(maps.Keys(c.tally.pages)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		for cluster := page << 10; cluster < (page+1)<<10; cluster++ {
			if c.tally.get(cluster) > 0 {
				if err := need(cluster / r.perBlock()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
