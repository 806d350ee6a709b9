package aoe

import (
	"sync/atomic"
	"time"
)

const (
	// unhurried is the time of a read or write, on the average, from which on
	// a device gains by being asked for several at once.
	unhurried = 200 * time.Microsecond
	// beat is how often a receiver is looked for that is held up by a device.
	beat = time.Millisecond
	// quietBeats is how many beats a receiver is looked at that does nothing.
	quietBeats = 20
)

// pace is how long a device takes, on the average, for reads and for writes.
type pace struct{ read, write atomic.Int64 }

func (p *pace) of(k kind) *atomic.Int64 {
	switch k {
	case read:
		return &p.read
	case write:
		return &p.write
	}
	return nil
}

// quick says whether a read or write isn't expected to take long.
func (p *pace) quick(k kind) bool { return p.of(k).Load() < int64(unhurried) }

// took takes in how long the device took.
func (p *pace) took(k kind, d time.Duration) {
	average := p.of(k)
	was := average.Load()
	average.Store(was + (int64(min(d, 2*unhurried))-was)/8) // one that is lost does no harm
}

// turn is to read frames and to do what is quick. Who has it does one thing
// after the other; should one take longer than expected the patrol takes the
// turn away, and gives it to another.
type hand struct {
	// now is even between commands, odd during one. Who makes it even again has
	// the turn.
	now     atomic.Uint64
	watched atomic.Bool
	wake    chan struct{}
}

func (t *hand) begin() uint64 {
	no := t.now.Load() + 1
	t.now.Store(no)
	if !t.watched.Load() {
		t.watched.Store(true)
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	return no
}

// end says whether the turn wasn't taken away.
func (t *hand) end(no uint64) bool { return t.now.CompareAndSwap(no, no+1) }

// patrol calls taken whenever it has taken the turn away, until stop is closed.
func (t *hand) patrol(stop <-chan struct{}, taken func()) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		tick.Stop()
		select {
		case <-t.wake:
		case <-stop:
			return
		}
		tick.Reset(beat)
		if !t.walk(tick.C, stop, taken) {
			return
		}
	}
}

// walk goes on as long as anything is done; it is false when stop is closed.
func (t *hand) walk(tick <-chan time.Time, stop <-chan struct{}, taken func()) bool {
	for seen, quiet := t.now.Load(), 0; ; {
		select {
		case <-tick:
		case <-stop:
			return false
		}
		switch now := t.now.Load(); {
		case now != seen:
			seen, quiet = now, 0
		case now&1 == 1:
			if t.end(now) {
				taken()
			}
		default:
			quiet++
		}
		if quiet < quietBeats {
			continue
		}
		t.watched.Store(false)
		if t.now.Load() == seen {
			return true
		}
		t.watched.Store(true) // a command began meanwhile
		quiet = 0
	}
}
