package daemon

import (
	"sync"
	"time"
)

// What is said at most of troubles that peers can bring about.
const (
	rationMost = 20
	rationTime = time.Minute
)

// ration bounds how often something is said: rationMost times in rationTime. It is
// safe for concurrent use.
type ration struct {
	mu    sync.Mutex
	began time.Time
	taken int
	left  uint64
}

// take tells whether something may be said now, and how often something else was left
// out in the time that is over.
func (r *ration) take(now time.Time) (ok bool, left uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.began) >= rationTime {
		left = r.left
		r.began, r.taken, r.left = now, 0, 0
	}
	if r.taken == rationMost {
		r.left++
		return false, 0
	}
	r.taken++
	return true, left
}

// rest is how often something was left out that take has not told of.
func (r *ration) rest() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.left
	r.left = 0
	return left
}
