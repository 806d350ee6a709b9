package nbd

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// idle is a connection that nobody serves yet, and its peer.
func idle(t *testing.T) (*worker, net.Conn) {
	t.Helper()
	nc, peer := unixPair(t)
	_ = peer.SetDeadline(time.Now().Add(10 * time.Second))
	a := &arrivals{bounds: Bounds{}.withDefaults(), crowd: newCrowd()}
	c := newConn(&Server{}, nc, bufio.NewReader(nc), &haggle{chosen: &Export{Device: newMemory(1 << 20)}}, a)
	c.ctx = t.Context()
	t.Cleanup(func() { peer.Close(); c.t.close() })
	return newWorker(c), peer
}

// TestLookAheadTakes: what has come of the next write is taken before this one
// is carried out, if there is memory for it, and several are answered together.
func TestLookAheadTakes(t *testing.T) {
	w, peer := idle(t)
	c := w.c
	left := c.memory.left
	for i := range uint64(3 * maxAhead) {
		if i == 0 {
			peer.Write(largeAt(0, 0))
		}
		if err := w.next(); err != nil {
			t.Fatal(err)
		}
		if want := int(i % maxAhead); len(c.out.waiting) != want {
			t.Fatalf("write %d: %d answers wait, not %d", i, len(c.out.waiting), want)
		}
		peer.Write(largeAt(i+1, 0)) // as much as the socket takes without waiting
		if w.lookAhead(); c.begun.got != 2*largeWrite {
			t.Fatalf("of write %d, which had come, %d bytes are taken", i+1, c.begun.got)
		}
		w.carryOut()
	}
	if err := w.next(); err != nil {
		t.Fatal(err)
	}
	peer.Write(largeAt(99, 0))
	c.memory.take(c.memory.left)
	if w.lookAhead(); c.begun.payload != nil {
		t.Error("it takes more memory than there may be")
	}
	c.memory.give(left - 2*largeWrite)
	w.carryOut()
	if err := w.next(); err != nil || w.req.cookie != 99 {
		t.Errorf("%v, and write %d instead of 99", err, w.req.cookie)
	}
	w.carryOut()
	if c.out.flush(); c.memory.left != left {
		t.Errorf("%d bytes of %d are given back", c.memory.left, left)
	}
}
