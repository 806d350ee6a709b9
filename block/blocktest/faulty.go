package blocktest

import (
	"context"
	"sync"
	"time"

	"github.com/spurboot/spur/block"
)

// Op is a method of block.Device.
type Op int

// The methods that Faulty can spoil.
const (
	AnyOp Op = iota
	ReadOp
	WriteOp
	FlushOp
	TrimOp
	ZeroOp
	ExtentsOp
	ops
)

// Fault is what happens to one operation, or to several.
type Fault struct {
	// Op is the method; AnyOp is all of them, counted together.
	Op Op
	// Nth is the operation that it happens to, counted from 1. After also
	// spoils all that follow.
	Nth   int
	After bool
	// Delay is how long the operation waits first, or until its context ends.
	Delay time.Duration
	// Until, if set, holds the operation up until it is closed.
	Until <-chan struct{}
	// Err is what the operation then returns without being done, such as
	// block.ErrNoSpace; nil lets it happen.
	Err error
}

// Faulty is a device that has faults.
type Faulty struct {
	block.Device
	faults []Fault

	mu    sync.Mutex
	count [ops]int
}

// NewFaulty returns d with faults. Close closes d.
func NewFaulty(d block.Device, faults ...Fault) *Faulty {
	return &Faulty{Device: d, faults: faults}
}

// Count is how many operations of a kind began.
func (f *Faulty) Count(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[op]
}

func (f *Faulty) before(ctx context.Context, op Op) error {
	for _, fault := range f.due(op) {
		if err := fault.happen(ctx); err != nil {
			return err
		}
	}
	return nil
}

// due counts an operation and returns the faults that happen to it.
func (f *Faulty) due(op Op) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count[AnyOp]++
	f.count[op]++
	var due []Fault
	for _, fault := range f.faults {
		if fault.Op != AnyOp && fault.Op != op {
			continue
		}
		if n := f.count[fault.Op]; n == fault.Nth || fault.After && n > fault.Nth {
			due = append(due, fault)
		}
	}
	return due
}

func (f Fault) happen(ctx context.Context) error {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if f.Until != nil {
		select {
		case <-f.Until:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return f.Err
}

// Read implements block.Device.
func (f *Faulty) Read(ctx context.Context, p []byte, off int64) error {
	if err := f.before(ctx, ReadOp); err != nil {
		return err
	}
	return f.Device.Read(ctx, p, off)
}

// Write implements block.Device.
func (f *Faulty) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if err := f.before(ctx, WriteOp); err != nil {
		return err
	}
	return f.Device.Write(ctx, p, off, flags)
}

// Flush implements block.Device.
func (f *Faulty) Flush(ctx context.Context) error {
	if err := f.before(ctx, FlushOp); err != nil {
		return err
	}
	return f.Device.Flush(ctx)
}

// Trim implements block.Device.
func (f *Faulty) Trim(ctx context.Context, off, n int64) error {
	if err := f.before(ctx, TrimOp); err != nil {
		return err
	}
	return f.Device.Trim(ctx, off, n)
}

// Zero implements block.Device.
func (f *Faulty) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := f.before(ctx, ZeroOp); err != nil {
		return err
	}
	return f.Device.Zero(ctx, off, n, flags)
}

// Extents implements block.Device.
func (f *Faulty) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := f.before(ctx, ExtentsOp); err != nil {
		return err
	}
	return f.Device.Extents(ctx, off, n, yield)
}
