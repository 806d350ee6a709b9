package turn

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// owner counts what its patrol tells it.
type owner struct {
	still, taken int
	waits        bool
	meanwhile    func() // what happens while Still is asked
}

func (o *owner) Still(taken bool) bool {
	o.still++
	if taken {
		o.taken++
	}
	if o.meanwhile != nil {
		o.meanwhile()
	}
	return o.waits
}

func watched() (*Patrol, *Turn, *owner) {
	p, o := &Patrol{}, &owner{}
	t := &Turn{Owner: o, Patrol: p}
	t.End(t.Begin())
	p.round()
	return p, t, o
}

// TestTurnIsTaken: who has begun something at one beat and not ended it at the
// next loses the turn; who ends it keeps it, and so does who only waits.
func TestTurnIsTaken(t *testing.T) {
	p, turn, o := watched()
	no := turn.Begin()
	p.round()
	if p.round(); o.taken != 1 || turn.End(no) {
		t.Errorf("taken %d times, and not lost", o.taken)
	}
	for range 5 {
		no := turn.Begin()
		if p.round(); !turn.End(no) {
			t.Error("lost by one who was in time")
		}
		p.round()
		p.round()
	}
	if o.taken != 1 {
		t.Errorf("taken %d times from one who waits", o.taken-1)
	}
	alone := &Turn{Owner: o}
	if !alone.End(alone.Begin()) {
		t.Error("lost without a patrol")
	}
}

// TestOthersRun: who is busy for long lets others run, once, and who isn't need
// not.
func TestOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or they would run by themselves
	p, turn, _ := watched()                         // one beat
	var ran atomic.Int32
	for range 3 {
		for beat := range longBeats - 1 {
			if turn.long.Load() {
				t.Errorf("others run after %d beats", beat+1)
			}
			turn.End(turn.Begin())
			p.round()
		}
		if !turn.long.Load() {
			t.Errorf("others don't run after %d beats", longBeats)
		}
		go ran.Add(1)
		if turn.End(turn.Begin()); turn.long.Load() {
			t.Error("others run again")
		}
		p.round()
		for range 2 * longBeats { // without anything
			p.round()
		}
	}
	if ran.Load() == 0 { // the scheduler may prefer us once, but not each time
		t.Error("nobody else ran")
	}
}

// TestPatrolEnds: who does nothing for long isn't looked at any more, until
// something begins, or is there to be looked at.
func TestPatrolEnds(t *testing.T) {
	p, turn, o := watched()
	for i := range quietBeats {
		if n := p.round(); n == 0 && i < quietBeats-1 {
			t.Fatalf("given up after %d beats", i+1)
		}
	}
	if p.round() != 0 || turn.watched.Load() {
		t.Error("an idle turn is watched")
	}
	no := turn.Begin()
	if p.round(); p.round() != 1 || o.taken != 1 || turn.End(no) {
		t.Error("one that has begun isn't watched")
	}
	o.waits = true
	for range 3 * quietBeats {
		if p.round() != 1 {
			t.Fatal("an owner with something to be looked at isn't watched")
		}
	}
	o.waits = false
	for range quietBeats {
		p.round()
	}
	still := o.still
	if turn.Watch(); p.round() != 1 || o.still != still+1 {
		t.Error("an owner that asks for it isn't watched")
	}
}

// TestPatrolLeavesNobody: what begins, or waits, while the patrol is about to
// leave is looked at.
func TestPatrolLeavesNobody(t *testing.T) {
	for _, last := range []bool{false, true} { // asked the last time, or once before
		p, turn, o := watched()
		o.meanwhile = func() {
			if turn.quiet == quietBeats-1 && !last || turn.quiet == quietBeats && last {
				o.meanwhile = nil
				o.waits = last
				turn.now.Add(1) // Begin, as far as it goes before it looks whether it is watched
			}
		}
		for range quietBeats + 1 {
			p.round()
		}
		if o.meanwhile != nil {
			t.Fatal("the patrol hasn't come to leaving")
		}
		if len(p.turns) != 1 || !turn.watched.Load() {
			t.Errorf("asked the last time (%t): the patrol has left", last)
		}
	}
}

// relay is an owner whose goroutines add up numbers in turn.
type relay struct {
	turn    Turn
	left    int // of who has the turn
	sum     atomic.Int64
	stalled chan struct{} // those who lost the turn wait for its end
	over    chan struct{}
	wg      sync.WaitGroup
}

func (r *relay) Still(taken bool) bool {
	if taken {
		r.wg.Go(r.run)
	}
	return false
}

func (r *relay) run() {
	for r.left > 0 {
		r.left--
		stalls := r.left%10 == 0
		no := r.turn.Begin()
		if stalls {
			<-r.stalled
		}
		r.sum.Add(1)
		if !r.turn.End(no) {
			return
		}
	}
	close(r.over)
}

// TestWalk: a patrol keeps several owners going whose goroutines stall all the
// time, each of which has one with the turn at any time.
func TestWalk(t *testing.T) {
	const owners, steps = 4, 100
	var p Patrol
	stop, stalled := make(chan struct{}), make(chan struct{})
	var walking sync.WaitGroup
	walking.Go(func() { p.Walk(stop) })
	var all [owners]*relay
	for i := range all {
		all[i] = &relay{left: steps, stalled: stalled, over: make(chan struct{})}
		all[i].turn.Owner, all[i].turn.Patrol = all[i], &p
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
	walking.Wait()
}

// TestSpeed: a device is slow that is slow for long, not one that stalls once.
func TestSpeed(t *testing.T) {
	var s Speed
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
			s.Took(step.took)
		}
		if s.Quick() != step.quick {
			t.Errorf("after %d times %v: quick is %t", step.n, step.took, s.Quick())
		}
	}
}

// TestNoAllocation: a turn costs no memory.
func TestNoAllocation(t *testing.T) {
	_, turn, _ := watched()
	var s Speed
	if n := testing.AllocsPerRun(100, func() {
		if s.Quick() {
			turn.End(turn.Begin())
			s.Took(time.Microsecond)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
