package handoff

import (
	"sync/atomic"
	"time"
)

// Latency is how long a device has lately taken for one kind of command, reads
// for instance. A zero Latency is that of a device that is quick, a nil one that of
// commands which may always take long.
type Latency struct{ average atomic.Int64 } // in ns

// slow is the time, on the average, from which on a device gains by being asked
// for several things at once.
const slow = 200 * time.Microsecond

// Quick says whether the next command is expected to take less than the 200 µs
// for which it isn't worth having another goroutine read on meanwhile.
func (l *Latency) Quick() bool { return l != nil && l.average.Load() < int64(slow) }

// Observe takes in how long a command took. A long one counts as 400 µs, so that
// one stall doesn't make a device slow.
func (l *Latency) Observe(d time.Duration) {
	if l == nil {
		return
	}
	was := l.average.Load()
	l.average.Store(was + (int64(min(d, 2*slow))-was)/8) // one that is lost does no harm
}
