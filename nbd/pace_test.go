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

// TestPace: a device is asked for one thing after the other while it is quick,
// and for several at once when it is slow for long, not when it stalls once.
func TestPace(t *testing.T) {
	var p pace
	r := &request{command: cmdRead}
	feed := func(n int, d time.Duration) {
		for range n {
			p.took(r, d)
		}
	}
	feed(10, 5*time.Microsecond)
	if feed(1, time.Second); !p.quick(r) {
		t.Error("one stall makes a device slow")
	}
	if feed(20, time.Millisecond); p.quick(r) {
		t.Error("twenty slow reads don't")
	}
	if !p.quick(&request{command: cmdWrite}) {
		t.Error("slow reads make writes slow")
	}
	if feed(20, 5*time.Microsecond); !p.quick(r) {
		t.Error("a device doesn't become quick again")
	}
	if p.quick(&request{command: cmdWrite, flags: cmdFUA}) || p.quick(&request{command: cmdFlush}) {
		t.Error("what waits for the disk is called quick")
	}
}

// TestPatrolEnds: the patrol looks at nothing when nothing is done.
func TestPatrolEnds(t *testing.T) {
	p := patrol{wake: make(chan struct{}, 1)}
	c := &conn{patrol: &p}
	c.pace.end(c.pace.begin(c))
	for i := range quietBeats + 1 {
		if n := p.round(); n == 0 && i < quietBeats-1 {
			t.Fatalf("given up after %d beats", i)
		}
	}
	if len(p.conns) != 0 || c.pace.watched.Load() {
		t.Error("an idle connection is watched")
	}
	no := c.pace.begin(c)
	if len(p.conns) != 1 {
		t.Fatal("a busy connection isn't watched")
	}
	c.pace.seen = no
	if !c.pace.stalled() || c.pace.end(no) {
		t.Error("a command that takes long keeps the turn")
	}
}

var _ block.Device = (*lazy)(nil)
