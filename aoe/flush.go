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
	err := t.sync(ctx)
	if t.late.Swap(false) {
		err = errors.Join(errLate, err)
	}
	return err
}

// sync flushes the device.
func (t *Target) sync(ctx context.Context) error {
	t.syncing.Lock()
	defer t.syncing.Unlock()
	return t.syncLocked(ctx)
}

// syncLocked is sync where t.syncing is held.
func (t *Target) syncLocked(ctx context.Context) error {
	before := t.dirty.Load()
	if err := t.Device.Flush(ctx); err != nil {
		return err // what may get lost goes on counting
	}
	t.dirty.Add(-before)
	return nil
}

// flushFrom flushes what was written if it is so many bytes. One goroutine at a
// time does, so that those who wait find less to do. An error is for the next
// FLUSH CACHE, too.
func (t *Target) flushFrom(ctx context.Context, bytes int64) error {
	if t.dirty.Load() < bytes {
		return nil
	}
	t.syncing.Lock()
	defer t.syncing.Unlock()
	if t.dirty.Load() < bytes {
		return nil
	}
	if err := t.syncLocked(ctx); err != nil {
		t.late.Store(true)
		return fmt.Errorf("flush of %s: %w", t.Address(), err)
	}
	return nil
}

// flushPeriodically flushes every so often, and when much was written.
func (t *Target) flushPeriodically(ctx context.Context, ended <-chan struct{}) {
	tick := time.NewTicker(t.bounds.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-t.full:
		case <-ended:
			return
		}
		_ = t.flushFrom(ctx, 1) // told by the next FLUSH CACHE
	}
}
