package handoff

import (
	"runtime"
	"sync/atomic"
)

// A Token is the right to read requests, and to carry out inline those that are
// quick. One goroutine of its owner's holds it at a time. What it carries out is
// between Begin and End; if that takes long the watchdog takes the token away.
//
// Its fields are set before it is used, and not changed. Without a watchdog nobody
// takes it away.
type Token struct {
	Owner    Owner
	Watchdog *Watchdog

	// count is odd between Begin and End. Who makes it even again holds the token.
	count   atomic.Uint64
	watched atomic.Bool
	ends    int // the holder's

	// Of the watchdog.
	seen uint64
	idle int // ticks
}

// An Owner is whose goroutines share a token, a connection for instance.
type Owner interface {
	// Tick is called by the watchdog at each tick since the last one of which
	// nothing has begun or ended. Either who holds the token waits for requests,
	// or the token was taken away; then the owner is to give it to another
	// goroutine. An owner that has something else waiting to be looked at says
	// that it is pending; until nothing is, it is watched. Tick doesn't wait, and
	// begins nothing: other owners have the same watchdog.
	Tick(taken bool) (pending bool)
}

// Begin is called by who holds the token, before something that may take long.
// What it returns is for End.
func (t *Token) Begin() (no uint64) {
	no = t.count.Add(1)
	t.Watch() // after that: see leave
	return no
}

// yieldEvery is after how many requests others may run.
const yieldEvery = 16

// End says whether who began still holds the token. If not it is another's, and
// so is all that goes with it. Now and then it lets other goroutines run first, so
// that nobody should hold a lock across it.
//
// The Go runtime takes the processor from a goroutine that it hasn't scheduled for
// 10 ms, in the midst of a system call and again every 20 µs (retake in
// runtime/proc.go). Without yielding, a client with one command in flight is
// served a tenth less.
func (t *Token) End(no uint64) bool {
	if !t.end(no) {
		return false
	}
	if t.ends++; t.ends%yieldEvery == 0 {
		runtime.Gosched()
	}
	return true
}

func (t *Token) end(no uint64) bool { return t.count.CompareAndSwap(no, no+1) }

// Watch has the watchdog look at the token until nothing has happened for a while.
// Owners call it who have made something wait that Tick looks at.
func (t *Token) Watch() {
	if !t.watched.Load() && t.Watchdog != nil {
		t.Watchdog.watch(t)
	}
}

// idleTicks is for how many ticks a token is looked at without anything happening.
const idleTicks = 20

// tick looks at the token, and says whether it goes on being watched.
func (t *Token) tick() bool {
	if now := t.count.Load(); now != t.seen {
		t.seen, t.idle = now, 0
		return true
	}
	if t.seen&1 == 1 {
		if t.end(t.seen) {
			t.Owner.Tick(true)
		}
		return true
	}
	if t.Owner.Tick(false) {
		return true
	}
	t.idle++
	return t.idle < idleTicks || !t.leave()
}

// leave ends the watching, unless something happens at the same time: who begins
// looks whether it is watched after that, and this is the other way round.
func (t *Token) leave() bool {
	t.watched.Store(false)
	gone := t.count.Load() == t.seen && !t.Owner.Tick(false)
	t.watched.Store(!gone)
	return gone
}
