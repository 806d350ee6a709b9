package handoff

import (
	"sync"
	"time"
)

// A Watchdog looks at the tokens of owners that are busy, and takes them from
// those who have begun something and are held up. Its zero value is ready for
// use.
type Watchdog struct {
	mu     sync.Mutex
	tokens []*Token
	wake   chan struct{}
}

// interval is how often each token is looked at.
const interval = time.Millisecond

// waker is what wakes the watchdog. w.mu is held.
func (w *Watchdog) waker() chan struct{} {
	if w.wake == nil {
		w.wake = make(chan struct{}, 1)
	}
	return w.wake
}

func (w *Watchdog) watch(t *Token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !t.watched.CompareAndSwap(false, true) {
		return
	}
	t.idle = 0
	w.tokens = append(w.tokens, t)
	select {
	case w.waker() <- struct{}{}:
	default:
	}
}

// Run looks at the tokens until stop is closed. While no owner is busy it sleeps.
func (w *Watchdog) Run(stop <-chan struct{}) {
	w.mu.Lock()
	wake := w.waker()
	w.mu.Unlock()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if w.tick() == 0 {
			ticker.Stop()
			select {
			case <-wake:
			case <-stop:
				return
			}
			ticker.Reset(interval)
		}
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}

// tick looks at every token once and returns how many remain.
func (w *Watchdog) tick() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.tokens[:0]
	for _, t := range w.tokens {
		if t.tick() {
			kept = append(kept, t)
		}
	}
	clear(w.tokens[len(kept):])
	w.tokens = kept
	return len(kept)
}
