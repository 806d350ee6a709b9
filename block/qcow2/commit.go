package qcow2

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// resizer is a device that can be made larger.
type resizer interface {
	Resize(ctx context.Context, size int64) error
}

// Commit brings what the image has into its backing image, makes it durable
// there and then empties the image. The backing image must be open for writing
// (Backing.Writable). When power is lost in between, the disk reads the same,
// and Commit can be done again. Internal snapshots that read from the backing
// image see what is committed. Other operations wait meanwhile.
func (img *Image) Commit(ctx context.Context) error {
	if err := img.writable(); err != nil {
		return err
	}
	if img.backing == nil {
		return errors.New("commit: the image has no backing image")
	}
	if img.backing.Caps().ReadOnly {
		return fmt.Errorf("commit into the backing image: %w", block.ErrReadOnly)
	}
	if err := img.alone(ctx); err != nil {
		return err
	}
	defer img.letIn()
	if err := img.fitBacking(ctx); err != nil {
		return fmt.Errorf("commit: make the backing image larger: %w", err)
	}
	if err := img.each(ctx, img.commitRun); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := img.backing.Flush(ctx); err != nil {
		return fmt.Errorf("commit: flush the backing image: %w", err)
	}
	if err := img.each(ctx, img.emptyRun); err != nil {
		return fmt.Errorf("empty the image after a commit: %w", err)
	}
	return img.Flush(ctx)
}

func (img *Image) fitBacking(ctx context.Context) error {
	if img.backing.Size() >= img.Size() {
		return nil
	}
	r, can := img.backing.(resizer)
	if !can {
		return fmt.Errorf("%d bytes instead of %d: %w", img.Size(), img.backing.Size(), ErrUnsupported)
	}
	return r.Resize(ctx, img.Size())
}

// each calls do for the runs of the disk, each time with what is left of one,
// and goes on by as much as do says.
func (img *Image) each(ctx context.Context, do func(ctx context.Context, r run, off int64) (int64, error)) error {
	for off := int64(0); off < img.Size(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		img.mu.Lock()
		r, err := img.lookup(off, img.Size()-off)
		img.mu.Unlock()
		if err != nil {
			return err
		}
		n, err := do(ctx, r, off)
		if err != nil {
			return fmt.Errorf("at %d: %w", off, err)
		}
		off += n
	}
	return nil
}

func (img *Image) commitRun(ctx context.Context, r run, off int64) (int64, error) {
	switch r.kind {
	case absent:
		return r.n, nil
	case zeros:
		return r.n, img.backing.Zero(ctx, off, r.n, 0)
	}
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	b := sc.buf[:min(r.n, int64(len(sc.buf)))]
	if err := img.readRun(ctx, r, b, off); err != nil {
		return 0, err
	}
	return int64(len(b)), img.backing.Write(ctx, b, off, 0)
}

// emptyRun takes from the image the clusters that r is in.
func (img *Image) emptyRun(ctx context.Context, r run, off int64) (int64, error) {
	g := &img.geo
	if r.kind == absent && (!g.extended || r.n >= g.cluster) {
		return r.n, nil
	}
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	first := off >> g.clusterBits
	last := img.lastOfStep(first, (off+r.n-1)>>g.clusterBits)
	if err := img.begin(ctx, sc, first, last); err != nil {
		return 0, err
	}
	defer img.unlockRange(&sc.lock)
	n := last - first + 1
	clear(sc.now[:n])
	end := min((last+1)<<g.clusterBits, img.Size())
	return end - off, img.publish(first, sc.old[:n], sc.now[:n])
}
