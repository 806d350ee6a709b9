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
	a := newArrivals(Bounds{}.withDefaults())
	c := newConn(&Server{}, nc, bufio.NewReader(nc), &haggle{peer: &Peer{}, chosen: &Export{Device: newMemory(1 << 20)}}, a)
	c.ctx = t.Context()
	t.Cleanup(func() { peer.Close(); c.t.close() })
	return newWorker(c), peer
}

// TestLookAheadTakes: what has come of the next write is taken before this one
// is carried out, if there is memory for it, and several are answered together.
func TestLookAheadTakes(t *testing.T) {
	w, peer := idle(t)
	c := w.c
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
		if w.lookAhead(); len(c.begun) != 1 || c.begun[0].got != 2*largeWrite {
			t.Fatalf("of write %d, which had come, this is taken: %v", i+1, c.begun)
		}
		w.carryOut()
	}
	if err := w.next(); err != nil {
		t.Fatal(err)
	}
	peer.Write(largeAt(99, 0))
	rest := c.bounds.Memory - c.memory.Held()
	if !c.memory.Try(rest) {
		t.Fatal("a connection can't hold what it may")
	}
	if w.lookAhead(); len(c.begun) > 0 {
		t.Error("it takes more memory than there may be")
	}
	c.memory.Give(rest)
	w.carryOut()
	if err := w.next(); err != nil || w.req.cookie != 99 {
		t.Errorf("%v, and write %d instead of 99", err, w.req.cookie)
	}
	w.carryOut()
	if c.out.flush(); c.memory.Held() != 0 {
		t.Errorf("%d bytes are not given back", c.memory.Held())
	}
}

// TestLookAheadIsBounded: as long as more comes it is taken, to a bound, and is
// carried out in the order in which it came. What the client sends beyond that
// waits in the socket.
func TestLookAheadIsBounded(t *testing.T) {
	const all = 4 * maxBegun / (2 * largeWrite)
	w, peer := idle(t)
	c := w.c
	sent := make(chan error, 1)
	go func() {
		var err error
		for i := uint64(0); i < all && err == nil; i++ {
			_, err = peer.Write(largeAt(i, 0))
		}
		sent <- err
	}()
	for i := range uint64(all) {
		if err := w.next(); err != nil || w.req.cookie != i {
			t.Fatalf("%v, and write %d instead of %d", err, w.req.cookie, i)
		}
		for more := min(maxBegun, (all-int(i)-1)*2*largeWrite); c.waiting < more; {
			w.lookAhead() // the client is sending
		}
		if got := c.memory.Held(); got < c.waiting || got > maxBegun+maxAhead*2*largeWrite {
			t.Fatalf("%d bytes are held, and %d wait", got, c.waiting)
		}
		if w.lookAhead(); c.waiting > maxBegun {
			t.Fatalf("%d bytes wait", c.waiting)
		}
		w.carryOut()
		at := make([]byte, 1)
		if err := c.dev.Read(t.Context(), at, 0); err != nil || at[0] != byte(i) {
			t.Fatalf("%v, and %d is written instead of %d", err, at[0], i)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if c.out.flush(); c.memory.Held() != 0 || c.waiting != 0 {
		t.Errorf("%d bytes are not given back, %d wait", c.memory.Held(), c.waiting)
	}
}
