// Package vigil decides how a thread of a server waits for the next request:
// awake, which answers sooner, or asleep, which is better where others want the
// processor too.
package vigil

import "time"

// A Vigil decides how a thread waits for the next request: awake, looking for it
// again and again and letting others run in between, or asleep.
//
// A thread that slept is woken tens of microseconds late. So where requests come
// at shorter intervals than that, looking answers them sooner. But where others
// want the processor, letting them run costs a slice of its time, which is
// milliseconds, while a thread that sleeps is woken with preference. Then the
// vigil is broken off, and there is none for a hundred times as long as was lost:
// what is lost is a hundredth of the time at most.
//
// It has no clock of its own: the times that it is told are those of one clock,
// and don't go back. It belongs to one goroutine at a time. Its zero value is
// ready for use.
type Vigil struct {
	began, last time.Time
	rest        time.Time // until then there is none
	soon        bool      // the last wait was shorter than it takes to wake up
	awake       bool
}

const (
	// eager is how long a thread looks before it sleeps.
	eager = 50 * time.Microsecond
	// slice is less than what others get of the processor where they want all
	// of it, and more than who only does something for us takes.
	slice = 500 * time.Microsecond
	// patience is how many times as long as was lost there is no vigil.
	patience = 100
	// longestRest bounds that, where the whole machine stood still.
	longestRest = time.Second
)

// Begin says that a wait begins.
func (v *Vigil) Begin(now time.Time) {
	v.began, v.last = now, now
	v.awake = v.soon && !now.Before(v.rest)
}

// Look says whether to look once more, and to let others run then. It is asked
// again after that; once it says no the thread is to sleep.
func (v *Vigil) Look(now time.Time) bool {
	v.looked(now)
	v.awake = v.awake && now.Sub(v.began) < eager
	return v.awake
}

// End says that what was waited for has come.
func (v *Vigil) End(now time.Time) {
	v.looked(now)
	v.soon = now.Sub(v.began) < 2*eager
}

// looked takes in how long others ran.
func (v *Vigil) looked(now time.Time) {
	if lost := now.Sub(v.last); v.awake && lost > slice {
		v.rest = now.Add(min(patience*lost, longestRest))
		v.awake = false
	}
	v.last = now
}
