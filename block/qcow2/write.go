package qcow2

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

const (
	scratchSize = 64 << 10
	// mostClusters is how many clusters one step of a write or a zero changes.
	mostClusters = 64
)

// scratch is what a step needs; it is kept for the next one.
type scratch struct {
	lock     rangeLock
	old, now [mostClusters]entry
	buf      []byte
}

// Write implements block.Device.
func (img *Image) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if err := block.CheckRange(off, int64(len(p)), img.Size()); err != nil {
		return err
	}
	if err := img.writable(); err != nil {
		return err
	}
	err := img.writeOnce(ctx, p, off)
	if errors.Is(err, block.ErrNoSpace) && img.reclaimAll(ctx) {
		err = img.writeOnce(ctx, p, off)
	}
	return img.finish(ctx, err, flags&block.FUA != 0)
}

func (img *Image) writeOnce(ctx context.Context, p []byte, off int64) error {
	slot, err := img.enter(ctx)
	if err != nil {
		return err
	}
	defer img.leave(slot)
	return img.write(ctx, p, off)
}

// finish makes a change durable, if it is to be or if the journal lacks a note
// of it or of one that it rests on.
func (img *Image) finish(ctx context.Context, err error, durable bool) error {
	if err == nil && (durable || img.journal != nil && img.journal.missing.Load() != 0) {
		return img.Flush(ctx)
	}
	return err
}

func (img *Image) writable() error {
	if img.opts.ReadOnly {
		return block.ErrReadOnly
	}
	img.mu.Lock()
	err := img.failed
	img.mu.Unlock()
	if err != nil {
		return err
	}
	return img.firstChange()
}

func (img *Image) write(ctx context.Context, p []byte, off int64) error {
	for len(p) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := img.writeSome(ctx, p, off)
		if err != nil {
			return fmt.Errorf("write at %d: %w", off, err)
		}
		p, off = p[n:], off+n
	}
	return nil
}

// writeSome writes the first bytes of p and returns how many.
func (img *Image) writeSome(ctx context.Context, p []byte, off int64) (int64, error) {
	img.mu.Lock()
	r, err := img.lookup(off, int64(len(p)))
	noted := err == nil && img.noted(off, r.n)
	img.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if r.kind == data && r.owned && noted {
		return r.n, img.put(p[:r.n], r.host)
	}
	return img.writeNew(ctx, p, off)
}

// put writes data to the file.
func (img *Image) put(p []byte, host int64) error {
	first := host >> img.geo.clusterBits
	if img.counts.metadata.hold(first, (host+int64(len(p))-1)>>img.geo.clusterBits-first+1) {
		return img.spoil(fmt.Errorf("data at host cluster %d, which holds a table: %w", first, ErrCorrupt))
	}
	_, err := img.file.WriteAt(p, host)
	img.unsynced.Store(true)
	return err
}

// writeNew writes where clusters or subclusters have to be allocated. It
// returns 0 where another write has done that in the meantime.
func (img *Image) writeNew(ctx context.Context, p []byte, off int64) (int64, error) {
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	first := off >> img.geo.clusterBits
	last := img.lastOfStep(first, (off+int64(len(p))-1)>>img.geo.clusterBits)
	if err := img.begin(ctx, sc, first, last); err != nil {
		return 0, err
	}
	defer img.unlockRange(&sc.lock)
	end := min(off+int64(len(p)), (last+1)<<img.geo.clusterBits)
	p = p[:end-off]
	switch n := img.fresh(sc); {
	case n > 0:
		return img.writeFresh(ctx, sc, p, off, n)
	case img.firstIsData(sc, off):
		return 0, nil
	}
	return img.writeOwned(ctx, sc, p, off)
}

// firstIsData says whether the byte at off may be written in place.
func (img *Image) firstIsData(sc *scratch, off int64) bool {
	in := off & (img.geo.cluster - 1)
	return sc.old[0].kind(int(in>>img.geo.subBits)) == data
}

// within is the part of off to end in the cluster of off.
func (img *Image) within(off, end int64) (from, to int64) {
	from = off & (img.geo.cluster - 1)
	return from, min(end-off+from, img.geo.cluster)
}

// lastOfStep is the last cluster, up to last, that a step which begins with
// first may change: entries of one slice.
func (img *Image) lastOfStep(first, last int64) int64 {
	span := img.geo.perSlice()
	return min(last, first+mostClusters-1, (first/span+1)*span-1)
}

// begin locks clusters, and makes their L2 table ours and sc.old their
// entries. Who returns from it without an error unlocks them.
func (img *Image) begin(ctx context.Context, sc *scratch, first, last int64) error {
	if img.journal != nil {
		if err := img.markDirty(); err != nil {
			return err
		}
	}
	if err := img.makeRoom(ctx); err != nil {
		return err
	}
	if err := img.ownTable(first); err != nil {
		return err
	}
	sc.lock.first, sc.lock.last = first, last
	if err := img.lockRange(ctx, &sc.lock); err != nil {
		return err
	}
	err := img.entries(sc.old[:last-first+1], first)
	if err != nil {
		img.unlockRange(&sc.lock)
	}
	return err
}

// entries reads entries that are in one slice.
func (img *Image) entries(into []entry, first int64) error {
	img.mu.Lock()
	defer img.mu.Unlock()
	s, err := img.slice(first)
	if err != nil || s == nil {
		clear(into)
		return err
	}
	for i := range into {
		_, at := img.geo.place(first + int64(i))
		if into[i], err = img.geo.decode(s.buf[at&(img.geo.sliceSize-1):]); err != nil {
			return fmt.Errorf("guest cluster %d: %w", first+int64(i), err)
		}
	}
	return nil
}

// fresh is how many clusters from the first on need a host cluster of their own.
func (img *Image) fresh(sc *scratch) int64 {
	n := sc.lock.last - sc.lock.first + 1
	for i := range n {
		if e := &sc.old[i]; e.host != 0 && e.copied {
			return i
		}
	}
	return n
}
