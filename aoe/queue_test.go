package aoe

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

func newCommand(k kind, first, last uint64, tag byte) *command {
	f := make(frame, ataSize)
	f[23] = tag
	return &command{frame: f, tag: f.tag(), kind: k, first: first, last: last, regs: registers{lba: first}}
}

// TestOrder: what touches the same sectors is done in the order in which it
// came, the rest at once.
func TestOrder(t *testing.T) {
	var q queue
	q.open(6)
	w1, r2, w3, f4, w5 := newCommand(write, 0, 8, 1), newCommand(read, 4, 6, 2), newCommand(write, 8, 16, 3),
		newCommand(flush, 0, 0, 4), newCommand(write, 0, 8, 5)
	for _, c := range []*command{w1, r2, w3, f4, w5} {
		if !q.put(c) {
			t.Fatal("a command was not taken in")
		}
	}
	var order []*command
	now := func() {
		q.mu.Lock()
		c := q.ready()
		if c != nil {
			c.running = true
			order = append(order, c)
		}
		q.mu.Unlock()
	}
	now()
	now()
	now() // r2, f4 and w5 wait for w1
	q.done(w1)
	now() // r2
	now() // f4 still waits for w3
	q.done(w3)
	now()
	now() // w5 waits for r2
	q.done(r2)
	now()
	if !slices.Equal(order, []*command{w1, w3, r2, f4, w5}) {
		for _, c := range order {
			t.Log(c.frame.tag(), c.kind)
		}
		t.Error("another order")
	}
	if q.put(newCommand(write, 0, 8, 5)) {
		t.Error("a repetition was taken in")
	}
	for tag := range byte(6) {
		q.put(newCommand(read, 0, 1, 100+tag))
	}
	if q.put(newCommand(read, 0, 1, 200)) || len(q.list) != 6 {
		t.Errorf("%d commands in a queue of 6", len(q.list))
	}
}

// TestInitiatorShare: one initiator doesn't take the buffers of others, however
// many commands it sends.
func TestInitiatorShare(t *testing.T) {
	var q queue
	q.open(4)
	from := func(who byte, tag byte) *command {
		c := newCommand(read, 0, 1, tag)
		c.from[5] = who
		return c
	}
	for tag := range byte(6) {
		if taken := q.put(from(1, tag)); taken != (tag < 4) {
			t.Errorf("command %d of the first: %t", tag+1, taken)
		}
	}
	for tag := range byte(4) {
		if !q.put(from(2, tag)) {
			t.Errorf("command %d of the second was not taken in", tag+1)
		}
	}
	if q.put(from(3, 0)) {
		t.Error("there is no end of buffers")
	}
}

// stuck is a disk that reads nothing until it is let.
type stuck struct {
	block.Device
	let chan struct{}
}

func (s stuck) Read(ctx context.Context, p []byte, off int64) error {
	select {
	case <-s.let:
		return s.Device.Read(ctx, p, off)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestSlowTarget: a target that hangs, with more commands than it takes, holds
// up no other.
func TestSlowTarget(t *testing.T) {
	d := stuck{block.NewMemory(1 << 20), make(chan struct{})}
	i := serve(t, 1500, &Server{Targets: []*Target{{Shelf: 1, Device: d}, {Shelf: 2, Device: block.NewMemory(1 << 20)}}})
	for range 100 {
		i.send(i.request(cmdATA, ata(0, 0, 1, ataRead, 0)...))
	}
	other := *i
	other.shelf, other.tag = 2, 1000
	for range 10 {
		other.must(ata(0, 0, 1, ataRead, 0))
	}
	close(d.let)
	answers := 0
	for i.recv(100*time.Millisecond) != nil {
		answers++
	}
	if answers != 64 {
		t.Errorf("%d of 64 commands were answered", answers)
	}
}
