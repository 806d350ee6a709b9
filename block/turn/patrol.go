package turn

import (
	"sync"
	"time"
)

// A Patrol walks along the turns of owners that are busy, and takes them from
// those who have begun something and are held up. Its zero value is ready for
// use.
type Patrol struct {
	mu    sync.Mutex
	turns []*Turn
	bell  chan struct{}
}

// beat is how often each turn is looked at.
const beat = time.Millisecond

// ring is what wakes the patrol.
func (p *Patrol) ring() chan struct{} {
	if p.bell == nil {
		p.bell = make(chan struct{}, 1)
	}
	return p.bell
}

func (p *Patrol) watch(t *Turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.watched.CompareAndSwap(false, true) {
		return
	}
	t.quiet = 0
	p.turns = append(p.turns, t)
	select {
	case p.ring() <- struct{}{}:
	default:
	}
}

// Walk walks until stop is closed. While no owner is busy it sleeps.
func (p *Patrol) Walk(stop <-chan struct{}) {
	p.mu.Lock()
	bell := p.ring()
	p.mu.Unlock()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		if p.round() == 0 {
			tick.Stop()
			select {
			case <-bell:
			case <-stop:
				return
			}
			tick.Reset(beat)
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// round looks at every turn once and returns how many remain.
func (p *Patrol) round() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.turns[:0]
	for _, t := range p.turns {
		if t.look() {
			kept = append(kept, t)
		}
	}
	clear(p.turns[len(kept):])
	p.turns = kept
	return len(kept)
}
