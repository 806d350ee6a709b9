package qcow2

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
)

// Read implements block.Device.
func (img *Image) Read(ctx context.Context, p []byte, off int64) error {
	if err := block.CheckRange(off, int64(len(p)), img.Size()); err != nil {
		return err
	}
	slot, err := img.enter(ctx)
	if err != nil {
		return err
	}
	defer img.leave(slot)
	return img.read(ctx, p, off)
}

// read is Read within an operation, and of clusters beyond the disk's end as
// well, which are zeros.
func (img *Image) read(ctx context.Context, p []byte, off int64) error {
	for len(p) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		img.mu.Lock()
		r, err := img.lookup(off, int64(len(p)))
		img.mu.Unlock()
		if err != nil {
			return err
		}
		if err := img.readRun(ctx, r, p[:r.n], off); err != nil {
			return fmt.Errorf("read %d bytes at %d: %w", r.n, off, err)
		}
		p, off = p[r.n:], off+r.n
	}
	return nil
}

func (img *Image) readRun(ctx context.Context, r run, p []byte, off int64) error {
	switch r.kind {
	case data:
		return readPadded(img.file, p, r.host)
	case packed:
		return img.unpack.read(img.file, &img.geo, r.packed, p, off&(img.geo.cluster-1))
	case absent:
		return img.readBacking(ctx, p, off)
	default:
		clear(p)
		return nil
	}
}

// readBacking reads what the image doesn't have.
func (img *Image) readBacking(ctx context.Context, p []byte, off int64) error {
	k := img.inBacking(off, int64(len(p)))
	clear(p[k:])
	if k == 0 {
		return nil
	}
	if err := img.backing.Read(ctx, p[:k], off); err != nil {
		return fmt.Errorf("backing image: %w", err)
	}
	return nil
}

// inBacking is how many of n bytes from off the backing image has.
func (img *Image) inBacking(off, n int64) int64 {
	if img.backing == nil {
		return 0
	}
	return max(0, min(n, img.backing.Size()-off))
}
