package handoff

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// owner counts what its watchdog tells it.
type owner struct {
	ticks, taken int
	pending      bool
	meanwhile    func() // what happens while Tick is called
}

func (o *owner) Tick(taken bool) bool {
	o.ticks++
	if taken {
		o.taken++
	}
	if o.meanwhile != nil {
		o.meanwhile()
	}
	return o.pending
}

func watched() (*Watchdog, *Token, *owner) {
	w, o := &Watchdog{}, &owner{}
	t := &Token{Owner: o, Watchdog: w}
	t.End(t.Begin())
	w.tick()
	return w, t, o
}

// TestTokenIsTaken: who has begun something at one tick and not ended it at the
// next loses the token; who ends it keeps it, and so does who only waits.
func TestTokenIsTaken(t *testing.T) {
	w, token, o := watched()
	no := token.Begin()
	w.tick()
	if w.tick(); o.taken != 1 || token.End(no) {
		t.Errorf("taken %d times, and not lost", o.taken)
	}
	for range 5 {
		no := token.Begin()
		if w.tick(); !token.End(no) {
			t.Error("lost by one who was in time")
		}
		w.tick()
		w.tick()
	}
	if o.taken != 1 {
		t.Errorf("taken %d times from one who waits", o.taken-1)
	}
	alone := &Token{Owner: o}
	if !alone.End(alone.Begin()) {
		t.Error("lost without a watchdog")
	}
}

// TestWatchdogEnds: who does nothing for long isn't looked at any more, until
// something begins, or is there to be looked at.
func TestWatchdogEnds(t *testing.T) {
	w, token, o := watched()
	for i := range idleTicks {
		if n := w.tick(); n == 0 && i < idleTicks-1 {
			t.Fatalf("given up after %d ticks", i+1)
		}
	}
	if w.tick() != 0 || token.watched.Load() {
		t.Error("an idle token is watched")
	}
	no := token.Begin()
	if w.tick(); w.tick() != 1 || o.taken != 1 || token.End(no) {
		t.Error("one that has begun isn't watched")
	}
	o.pending = true
	for range 3 * idleTicks {
		if w.tick() != 1 {
			t.Fatal("an owner with something to be looked at isn't watched")
		}
	}
	o.pending = false
	for range idleTicks {
		w.tick()
	}
	ticks := o.ticks
	if token.Watch(); w.tick() != 1 || o.ticks != ticks+1 {
		t.Error("an owner that asks for it isn't watched")
	}
}

// TestWatchdogLeavesNobody: what begins, or waits, while the watchdog is about to
// leave is looked at.
func TestWatchdogLeavesNobody(t *testing.T) {
	for _, last := range []bool{false, true} { // asked the last time, or once before
		w, token, o := watched()
		o.meanwhile = func() {
			if token.idle == idleTicks-1 && !last || token.idle == idleTicks && last {
				o.meanwhile = nil
				o.pending = last
				token.count.Add(1) // Begin, as far as it goes before it looks whether it is watched
			}
		}
		for range idleTicks + 1 {
			w.tick()
		}
		if o.meanwhile != nil {
			t.Fatal("the watchdog hasn't come to leaving")
		}
		if len(w.tokens) != 1 || !token.watched.Load() {
			t.Errorf("asked the last time (%t): the watchdog has left", last)
		}
	}
}

// relay is an owner whose goroutines add up numbers one after the other.
type relay struct {
	token   Token
	left    int // of who holds the token
	sum     atomic.Int64
	stalled chan struct{} // those who lost the token wait for its end
	over    chan struct{}
	wg      sync.WaitGroup
}

func (r *relay) Tick(taken bool) bool {
	if taken {
		r.wg.Go(r.run)
	}
	return false
}

func (r *relay) run() {
	for r.left > 0 {
		r.left--
		stalls := r.left%10 == 0
		no := r.token.Begin()
		if stalls {
			<-r.stalled
		}
		r.sum.Add(1)
		if !r.token.End(no) {
			return
		}
	}
	close(r.over)
}

// TestRun: a watchdog keeps several owners going whose goroutines stall all the
// time, each of which has one with the token at any time.
func TestRun(t *testing.T) {
	const owners, steps = 4, 100
	var w Watchdog
	stop, stalled := make(chan struct{}), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { w.Run(stop) })
	var all [owners]*relay
	for i := range all {
		all[i] = &relay{left: steps, stalled: stalled, over: make(chan struct{})}
		all[i].token.Owner, all[i].token.Watchdog = all[i], &w
		all[i].wg.Go(all[i].run)
	}
	for _, r := range all {
		<-r.over
	}
	close(stalled)
	for _, r := range all {
		if r.wg.Wait(); r.sum.Load() != steps {
			t.Errorf("%d steps, want %d", r.sum.Load(), steps)
		}
	}
	close(stop)
	running.Wait()
}

// TestLatency: a device is slow that is slow for long, not one that stalls once.
func TestLatency(t *testing.T) {
	var l Latency
	for _, step := range []struct {
		n     int
		took  time.Duration
		quick bool
	}{
		{0, 0, true},
		{10, 5 * time.Microsecond, true},
		{1, time.Second, true},
		{20, time.Millisecond, false},
		{20, 5 * time.Microsecond, true},
	} {
		for range step.n {
			l.Observe(step.took)
		}
		if l.Quick() != step.quick {
			t.Errorf("after %d times %v: quick is %t", step.n, step.took, l.Quick())
		}
	}
	var flushes *Latency
	if flushes.Observe(0); flushes.Quick() {
		t.Error("what may always take long is called quick")
	}
}

// TestNoAllocation: a token costs no memory.
func TestNoAllocation(t *testing.T) {
	_, token, _ := watched()
	var l Latency
	if n := testing.AllocsPerRun(100, func() {
		if l.Quick() {
			token.End(token.Begin())
			l.Observe(time.Microsecond)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
