package turn

import (
	"runtime"
	"sync/atomic"
)

// A Turn is the right to read requests, and to carry out those that are quick.
// One goroutine of its owner's has it at a time. What may take longer than
// expected it does between Begin and End, and if it does the patrol takes the
// turn away.
//
// Its fields are set before it is used, and not changed. Without a patrol nobody
// takes it away.
type Turn struct {
	Owner  Owner
	Patrol *Patrol

	// now is odd between Begin and End. Who makes it even again has the turn.
	now     atomic.Uint64
	watched atomic.Bool
	long    atomic.Bool // nobody else has run for longBeats

	// Of the patrol.
	seen  uint64
	quiet int // beats
	busy  int // beats, less than longBeats
}

// An Owner is whose goroutines take turns, a connection for instance.
type Owner interface {
	// Still is called by the patrol at each beat since the last one of which
	// nothing has begun or ended: who has the turn waits for requests, or it
	// is taken: then the owner is to give it to another goroutine. Owners that
	// have something else waiting to be looked at say so; until nothing does
	// they stay with the patrol. Still doesn't wait, and begins nothing: other
	// owners have the same patrol.
	Still(taken bool) (waits bool)
}

// Begin is called by who has the turn, before something that may take long. What
// it returns is for End.
func (t *Turn) Begin() (no uint64) {
	no = t.now.Add(1)
	t.Watch() // after that: see leave
	return no
}

// End says whether who began still has the turn. If not it is another's, and so
// is all that goes with it. Now and then it lets other goroutines run first, so
// that nobody should hold a lock across it.
//
// The Go runtime wants that of those who work on end: from one that hasn't been
// scheduled for 10 ms it takes the processor in the midst of a system call, and
// again at every look, which is every 20 µs then (retake in runtime/proc.go).
func (t *Turn) End(no uint64) bool {
	if !t.end(no) {
		return false
	}
	if t.long.Load() {
		t.long.Store(false)
		runtime.Gosched()
	}
	return true
}

func (t *Turn) end(no uint64) bool { return t.now.CompareAndSwap(no, no+1) }

// Watch has the patrol look at the turn until nothing has happened for a while.
// Owners call it who have made something wait that Still looks at.
func (t *Turn) Watch() {
	if !t.watched.Load() && t.Patrol != nil {
		t.Patrol.watch(t)
	}
}

const (
	// quietBeats is how many beats a turn is looked at without anything happening.
	quietBeats = 20
	// longBeats is after how many beats in which something happened others run.
	longBeats = 4
)

// look is a beat. It says whether there will be more of them.
func (t *Turn) look() bool {
	if now := t.now.Load(); now != t.seen {
		t.seen, t.quiet = now, 0
		if t.busy = (t.busy + 1) % longBeats; t.busy == 0 {
			t.long.Store(true)
		}
		return true
	}
	if t.seen&1 == 1 {
		if t.end(t.seen) {
			t.Owner.Still(true)
		}
		return true
	}
	if t.Owner.Still(false) {
		return true
	}
	t.quiet++
	return t.quiet < quietBeats || !t.leave()
}

// leave leaves the patrol, unless something happens at the same time: who begins
// looks whether it is watched after that, and this is the other way round.
func (t *Turn) leave() bool {
	t.watched.Store(false)
	gone := t.now.Load() == t.seen && !t.Owner.Still(false)
	t.watched.Store(!gone)
	return gone
}
