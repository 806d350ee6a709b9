package qcow2

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// Trim implements block.Device: what is trimmed reads as zeros, except in an
// image of version 2 with a backing image, which can't say so and stays as it
// is.
func (img *Image) Trim(ctx context.Context, off, n int64) error {
	if !img.opts.ReadOnly && !img.Caps().Trim {
		if err := block.CheckRange(off, n, img.Size()); err != nil {
			return err
		}
		return ctx.Err()
	}
	return img.Zero(ctx, off, n, 0)
}

// Zero implements block.Device.
func (img *Image) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := block.CheckRange(off, n, img.Size()); err != nil {
		return err
	}
	if err := img.writable(); err != nil {
		return err
	}
	keep := flags&block.NoHole != 0
	err := img.zeroOnce(ctx, off, n, keep)
	if errors.Is(err, block.ErrNoSpace) && img.reclaimAll(ctx) {
		err = img.zeroOnce(ctx, off, n, keep)
	}
	return img.finish(ctx, err, flags&block.ZeroFUA != 0)
}

func (img *Image) zeroOnce(ctx context.Context, off, n int64, keep bool) error {
	slot, err := img.enter(ctx)
	if err != nil {
		return err
	}
	defer img.leave(slot)
	return img.zero(ctx, off, n, keep)
}

func (img *Image) zero(ctx context.Context, off, n int64, keep bool) error {
	for end := off + n; off < end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := img.zeroSome(ctx, off, end, keep)
		if err != nil {
			return fmt.Errorf("zero at %d: %w", off, err)
		}
		off += done
	}
	return nil
}

// zeroSome zeroes the first bytes of off to end and returns how many.
func (img *Image) zeroSome(ctx context.Context, off, end int64, keep bool) (int64, error) {
	g := &img.geo
	img.mu.Lock()
	r, err := img.lookup(off, end-off)
	noted := err == nil && img.noted(off, r.n)
	img.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if !keep && noted && (r.kind == zeros || r.kind == absent) {
		// A range of the kind may still have clusters; these are kept.
		if k := r.n - img.inBackingIf(r, off); k == r.n {
			return r.n, nil
		}
	}
	unit := int64(1) << g.subBits
	from := (off + unit - 1) &^ (unit - 1)
	to := img.wholeUntil(end)
	if from > off || from >= to {
		edge := end - off
		if from > off {
			edge = min(edge, from-off)
		}
		return img.writeSome(ctx, zeroes[:min(edge, r.n, int64(len(zeroes)))], off)
	}
	n, err := img.zeroWhole(ctx, from, to, keep)
	if err != nil || n > 0 {
		return n, err
	}
	return img.writeSome(ctx, zeroes[:min(to-from, unit, int64(len(zeroes)))], off)
}

// inBackingIf is inBacking of an absent range, and 0 of others.
func (img *Image) inBackingIf(r run, off int64) int64 {
	if r.kind != absent {
		return 0
	}
	return img.inBacking(off, r.n)
}

// wholeUntil is the end of the last whole subcluster before end. What is behind
// the disk's end belongs to its last cluster.
func (img *Image) wholeUntil(end int64) int64 {
	unit := int64(1) << img.geo.subBits
	if end == img.Size() {
		return (end + unit - 1) &^ (unit - 1)
	}
	return end &^ (unit - 1)
}

// zeroWhole makes whole subclusters zero by their entries alone, and returns
// for how many bytes of the disk that could be done.
func (img *Image) zeroWhole(ctx context.Context, from, to int64, keep bool) (int64, error) {
	g := &img.geo
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	first := from >> g.clusterBits
	last := img.lastOfStep(first, (to-1)>>g.clusterBits)
	if err := img.begin(ctx, sc, first, last); err != nil {
		return 0, err
	}
	defer img.unlockRange(&sc.lock)
	n, at := 0, from
	for c := first; c <= last; c++ {
		base := c << g.clusterBits
		end := min(to, base+g.cluster)
		now, can := img.zeroed(sc.old[n], at-base, end-base, base, keep)
		if !can {
			break
		}
		sc.now[n] = now
		n, at = n+1, end
	}
	if n == 0 {
		return 0, nil
	}
	if err := img.publish(first, sc.old[:n], sc.now[:n]); err != nil {
		return 0, err
	}
	return min(at, img.Size()) - from, nil
}

// zeroed is what becomes of e, whose cluster begins at base, when whole
// subclusters of it, from from to to, are zeroed, and whether an entry can say
// that.
func (img *Image) zeroed(e entry, from, to, base int64, keep bool) (entry, bool) {
	g := &img.geo
	bits := g.touched(from, to)
	whole := bits == g.all()
	switch {
	case keep && (!e.copied || e.host == 0 || bits&^(e.alloc|e.zero) != 0 || g.version < 3):
		return e, false
	case e.packed != 0 && !whole:
		return e, false
	case keep:
		e.alloc, e.zero = e.alloc&^bits, e.zero|bits
		return e, true
	case g.version < 3:
		return entry{}, img.inBacking(base, g.cluster) == 0
	}
	e.packed = 0
	e.alloc, e.zero = e.alloc&^bits, e.zero|bits
	if e.alloc == 0 {
		e.host, e.copied = 0, false
	}
	if whole && img.inBacking(base, g.cluster) == 0 {
		e.zero = 0
	}
	return e, true
}
