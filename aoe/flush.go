package aoe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What was written becomes durable by FLUSH CACHE, and by itself: after a
// while, and before it is more than is allowed.

var errLate = errors.New("what was answered before could not be written")

// flush makes everything durable, and tells what went wrong since the last one.
func (t *Target) flush(ctx context.Context) error {
	err := t.sync(ctx, 0)
	if t.late.Swap(false) {
		err = errors.Join(errLate, err)
	}
	return err
}

// flushFrom flushes what was written if it is so many bytes. An error is for the
// next FLUSH CACHE, too.
func (t *Target) flushFrom(ctx context.Context, bytes int64) error {
	if t.dirty.Load() < bytes {
		return nil
	}
	if err := t.sync(ctx, bytes); err != nil {
		t.late.Store(true)
		return fmt.Errorf("flush of %s: %w", t.Address(), err)
	}
	return nil
}

// sync flushes the device if so many bytes were written. One goroutine at a time
// does, so that those who wait find less to do.
func (t *Target) sync(ctx context.Context, bytes int64) error {
	t.syncing.Lock()
	defer t.syncing.Unlock()
	before := t.dirty.Load()
	if before < bytes {
		return nil
	}
	if err := t.Device.Flush(ctx); err != nil {
		return err // what may get lost goes on counting
	}
	t.dirty.Add(-before)
	return nil
}

// flushPeriodically flushes every so often, and when much was written.
func (t *Target) flushPeriodically(ctx context.Context, over <-chan struct{}) {
	tick := time.NewTicker(t.bounds.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-t.full:
		case <-over:
			return
		}
		_ = t.flushFrom(ctx, 1) // told by the next FLUSH CACHE
	}
}
