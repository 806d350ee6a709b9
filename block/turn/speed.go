package turn

import (
	"sync/atomic"
	"time"
)

// Speed is how long a device has lately taken for one kind of command, reads for
// instance. A zero Speed is that of a device that is quick.
type Speed struct{ average atomic.Int64 } // in ns

// unhurried is the time, on the average, from which on a device gains by being
// asked for several things at once.
const unhurried = 200 * time.Microsecond

// Quick says whether the next command is expected to take less than the 200 µs
// for which it isn't worth having another goroutine read on meanwhile.
func (s *Speed) Quick() bool { return s.average.Load() < int64(unhurried) }

// Took takes in how long a command took. A long one counts as 400 µs, so that
// one stall doesn't make a device slow.
func (s *Speed) Took(d time.Duration) {
	was := s.average.Load()
	s.average.Store(was + (int64(min(d, 2*unhurried))-was)/8) // one that is lost does no harm
}
