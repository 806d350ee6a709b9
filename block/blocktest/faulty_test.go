package blocktest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

func TestFaulty(t *testing.T) {
	d := blocktest.NewFaulty(block.NewMemory(4096),
		blocktest.Fault{Op: blocktest.WriteOp, Nth: 2, After: true, Err: block.ErrNoSpace},
		blocktest.Fault{Op: blocktest.AnyOp, Nth: 5, Err: block.ErrGone})
	write := func() error { return d.Write(t.Context(), []byte{1}, 0, 0) }
	flush := func() error { return d.Flush(t.Context()) }
	for i, step := range []struct {
		run  func() error
		want error
	}{{write, nil}, {write, block.ErrNoSpace}, {flush, nil}, {write, block.ErrNoSpace}, {flush, block.ErrGone}, {flush, nil}} {
		if err := step.run(); !errors.Is(err, step.want) {
			t.Errorf("operation %d: %v, not %v", i+1, err, step.want)
		}
	}
	if d.Count(blocktest.WriteOp) != 3 || d.Count(blocktest.AnyOp) != 6 {
		t.Errorf("%d writes of %d operations", d.Count(blocktest.WriteOp), d.Count(blocktest.AnyOp))
	}
}

func TestFaultyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := blocktest.NewFaulty(block.NewMemory(4096), blocktest.Fault{Op: blocktest.ReadOp, Nth: 1, After: true, Delay: time.Minute})
		begin := time.Now()
		if err := d.Read(t.Context(), make([]byte, 1), 0); err != nil || time.Since(begin) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Read(ctx, make([]byte, 1), 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, not the deadline", err)
		}
	})
}

func TestFaultyWithoutFaults(t *testing.T) {
	blocktest.Run(t, func(*testing.T) block.Device { return blocktest.NewFaulty(block.NewMemory(1 << 20)) })
}
