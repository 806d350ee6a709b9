package aoe

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// failing is a disk that takes nothing, or keeps nothing, while it is told to.
type failing struct {
	block.Device
	writes, flushes atomic.Bool
	failed          chan struct{} // a flush was
}

var errFailing = errors.New("the disk fails")

func (d *failing) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if d.writes.Load() {
		return errFailing
	}
	return d.Device.Write(ctx, p, off, flags)
}

func (d *failing) Flush(ctx context.Context) error {
	if !d.flushes.Load() {
		return d.Device.Flush(ctx)
	}
	select {
	case d.failed <- struct{}{}:
	default:
	}
	return errFailing
}

// TestFailures: a flush that goes wrong after a write was answered is told by the
// next FLUSH CACHE, once, whoever flushed.
func TestFailures(t *testing.T) {
	d := &failing{Device: block.NewMemory(1 << 20), failed: make(chan struct{}, 1)}
	i := serve(t, 1500, &Server{Targets: []*Target{{Shelf: 1, Device: d}}, Bounds: Bounds{FlushEvery: 20 * time.Millisecond, Dirty: 8 << 10}})
	sector1 := make([]byte, sector)
	flush := ata(0, 0, 0, ataFlush, 0)

	d.writes.Store(true)
	if _, err := i.do(ata(ataWrite, 0, 1, ataWrite28, 0, sector1...)); err == nil {
		t.Error("a write that failed was answered as if it hadn't")
	}
	i.must(flush)

	d.writes.Store(false)
	d.flushes.Store(true)
	i.must(ata(ataWrite, 0, 1, ataWrite28, 0, sector1...))
	select {
	case <-d.failed: // by itself
	case <-time.After(30 * time.Second):
		t.Fatal("what was written is never flushed")
	}
	for { // the flush has ended, its failure may have to be noted yet
		d.flushes.Store(false)
		if _, err := i.do(flush); err != nil {
			break
		}
		if i.tag > 1000 {
			t.Fatal("what was written could not be flushed, and no flush tells")
		}
	}
	i.must(flush)

	// Where nothing more may wait, a write waits for the flush and tells.
	d.flushes.Store(true)
	failed := 0
	for range 10 {
		if _, err := i.do(ata(ataWrite, 0, 2, ataWrite28, 0, make([]byte, 2*sector)...)); err != nil {
			failed++
		}
	}
	if failed != 2 {
		t.Errorf("%d writes of 1 KiB failed after 8 KiB that could not be flushed", failed)
	}
	d.flushes.Store(false)
	_, _ = i.do(flush)
	i.must(ata(ataWrite, 0, 1, ataWrite28, 0, sector1...))
	i.must(flush)
}

// TestLastFlush: a server that ends tells that it could not keep what it took.
func TestLastFlush(t *testing.T) {
	d := &failing{Device: block.NewMemory(1 << 20)}
	l := newTube()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- (&Server{Targets: []*Target{{Shelf: 1, Device: d}}, Bounds: Bounds{FlushEvery: time.Hour}}).Serve(ctx, l)
	}()
	l.answer(t)
	i := &initiator{TB: t, target: l.Address(), from: MAC{2, 0, 0, 0, 0, 2}, shelf: 1}
	l.in <- []frame{i.request(cmdATA, ata(ataWrite, 0, 1, ataWrite28, 0, make([]byte, sector)...)...)}
	l.answer(t)
	d.flushes.Store(true)
	stop()
	if err := <-ended; !errors.Is(err, errFailing) {
		t.Errorf("ended with %v", err)
	}
}
