package qcow2

import (
	"context"
	"errors"
)

// Flush implements block.Device. Who comes while another flush is under way
// shares the next one.
func (img *Image) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if img.opts.ReadOnly {
		return nil
	}
	mine := img.wanted.Add(1)
	if err := img.takeFlush(ctx); err != nil {
		return err
	}
	defer img.endFlush()
	if img.done >= mine {
		return nil
	}
	all := img.wanted.Load()
	if err := img.flush(img.lazy); err != nil {
		return err
	}
	img.done = all
	return nil
}

func (img *Image) takeFlush(ctx context.Context) error {
	select {
	case img.flushing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (img *Image) endFlush() { <-img.flushing }

// makeRoom flushes when the cache holds too much that the file doesn't have.
func (img *Image) makeRoom(ctx context.Context) error {
	img.mu.Lock()
	full := img.l2.nDirty >= img.l2.most/2 || img.backlogged() || img.journal != nil && img.journal.full()
	img.mu.Unlock()
	if !full {
		return nil
	}
	return img.Flush(ctx)
}

// flush writes what the file doesn't have yet. Whatever is torn off by a crash
// or a loss of power, what the file leads to is there, and is counted at least as
// often as it is used. The order, with a Sync of the file where one is named:
//
//  1. snapshot takes the entries of L2 and L1 that have changed, as they are now,
//     and what they have ceased to refer to. Data, and new or copied L2 tables,
//     were written to the file before their entries were changed.
//  2. writeCounts writes reference counts to their blocks.
//  3. Sync: all that new entries will lead to, and its counts, are durable.
//  4. writeTable writes the refcount table's entries of new blocks, or the whole
//     table to a new place; Sync; then, if it has moved, the header; Sync.
//  5. writeItems writes the entries of L2 and L1; Sync.
//  6. The journal's notes of these entries are void (retire), before clusters
//     that they tell of are used for something else.
//  7. settle has what isn't referred to any more wait for operations that may
//     still see it, and advance begins new epochs (epoch.go).
//  8. reclaim takes references from what has waited long enough, and
//     writeCounts writes that; the next flush makes it durable.
//
// With lazy, steps 2, 4 and the writing in 8 are left to a later flush or Close,
// and Open counts anew if neither comes; not where the refcount table is to
// change, which Open can't make good. The caller has taken flushing.
func (img *Image) flush(lazy bool) error {
	img.mu.Lock()
	spoiled := errors.Is(img.failed, ErrMarked)
	if img.failed != nil && !spoiled {
		defer img.mu.Unlock()
		return img.failed
	}
	was := img.snapshot()
	img.mu.Unlock()
	// A table that is too small is more than Open can repair.
	lazy = lazy && !img.counts.grown()
	err := img.writeOut(lazy)
	if err == nil && img.journal != nil {
		// Before clusters are used again that notes may tell of.
		err = img.journal.retire(was.gen)
	}
	img.mu.Lock()
	img.settle(was, err)
	epoch := img.advance()
	img.mu.Unlock()
	if spoiled {
		return err // what was answered for is there; nothing more is freed
	}
	if err == nil {
		err = img.spoil(img.reclaim(epoch))
	}
	if err == nil && !lazy {
		_, err = img.writeCounts() // so that a close after it leaks nothing
	}
	return err
}

// writeOut is the steps of a flush.
func (img *Image) writeOut(lazy bool) error {
	needed := len(img.items) > 0
	if !lazy {
		more, err := img.writeCounts()
		if err != nil {
			return err
		}
		needed = needed || more
	}
	if img.unsynced.Swap(false) || needed {
		if err := img.sync(); err != nil {
			return err
		}
	}
	if err := img.writeTable(lazy); err != nil {
		return err
	}
	if len(img.items) == 0 {
		return nil
	}
	if err := img.writeItems(); err != nil {
		return err
	}
	return img.sync()
}
