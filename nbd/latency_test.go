package nbd

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// lazy is a disk whose reads of its beginning wait for each other: for as many
// as there should be at once.
type lazy struct {
	*memory
	together int32
	inside   atomic.Int32
	all      chan struct{}
}

func (l *lazy) Read(ctx context.Context, p []byte, off int64) error {
	if off == 0 {
		if l.inside.Add(1) == l.together {
			close(l.all)
		}
		select {
		case <-l.all:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l.memory.Read(ctx, p, off)
}

// TestStalledCommands: commands that take long are carried out side by side,
// though nothing before said that they would, and what was done before them is
// answered.
func TestStalledCommands(t *testing.T) {
	l := &lazy{memory: newMemory(1 << 20), together: 16, all: make(chan struct{})}
	c := dial(t, serve(t, &Server{Exports: Fixed{{Device: l}}}), Options{})
	for range 100 { // the device was quick
		if err := c.Read(t.Context(), make([]byte, 512), 4096); err != nil {
			t.Fatal(err)
		}
	}
	errs := make(chan error)
	for range l.together {
		go func() { errs <- c.Read(t.Context(), make([]byte, 512), 0) }()
	}
	for range l.together {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

// TestLatency: how long a device takes is known of reads and of writes; what waits
// for the medium is never called quick.
func TestLatency(t *testing.T) {
	var c conn
	r, w := &request{command: cmdRead}, &request{command: cmdWrite}
	if !c.latencyOf(r).Quick() || !c.latencyOf(w).Quick() {
		t.Error("a device that nothing is known of isn't quick")
	}
	for range 20 {
		c.latencyOf(r).Observe(time.Millisecond)
		c.latencyOf(&request{command: cmdWrite, flags: cmdFUA}).Observe(time.Millisecond)
		c.latencyOf(&request{command: cmdFlush}).Observe(time.Millisecond)
	}
	if c.latencyOf(r).Quick() || !c.latencyOf(w).Quick() {
		t.Error("slow reads, flushes and writes with FUA make reads quick, or writes slow")
	}
	if c.latencyOf(&request{command: cmdWrite, flags: cmdFUA}).Quick() || c.latencyOf(&request{command: cmdFlush}).Quick() {
		t.Error("what waits for the disk is called quick")
	}
}

var _ block.Device = (*lazy)(nil)
