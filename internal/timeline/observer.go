package timeline

import (
	"context"
	"sync/atomic"
	"time"
)

// Update is what an observer is told: what is new, and the attempt with it.
// Observers share the values in it and must not change them.
type Update struct {
	Time    time.Time
	Attempt Attempt
	// Steps are new since the last update.
	Steps []Step
	// Verdict is set when it was just given.
	Verdict *Verdict
	// Progress is a transfer that moved or ended.
	Progress *Transfer
	// Learned is set when the machine has its kernel, and with each later sign
	// of life: what its boots have taught.
	Learned *Learned
	// Dropped counts the updates that this observer missed since the last
	// one because it was slow.
	Dropped int
}

// empty tells whether the update says nothing but that the attempt changed.
func (u Update) empty() bool { return len(u.Steps) == 0 && u.Verdict == nil }

// observerQueue is one observer with its queue.
type observerQueue struct {
	observe func(Update)
	queue   chan Update
	dropped atomic.Int64
}

func newObserverQueue(observe func(Update), size int) *observerQueue {
	return &observerQueue{observe: observe, queue: make(chan Update, size)}
}

// publish queues u for every observer. It is called under the timeline's lock,
// so that all observers see one order; it never waits.
func (t *Timeline) publish(u Update) {
	for _, p := range t.observers {
		p.put(u)
	}
}

// put queues u, or drops and counts it. Mere progress gets only half of the
// queue and is not counted: the next one replaces it.
func (p *observerQueue) put(u Update) {
	if u.empty() && len(p.queue) >= cap(p.queue)/2 {
		return
	}
	select {
	case p.queue <- u:
	default:
		p.dropped.Add(1)
	}
}

// deliver calls the observer until ctx ends, and then for what is left.
func (p *observerQueue) deliver(ctx context.Context) {
	for {
		select {
		case u := <-p.queue:
			p.hand(u)
			continue
		case <-ctx.Done():
		}
		break
	}
	for range len(p.queue) {
		p.hand(<-p.queue)
	}
}

func (p *observerQueue) hand(u Update) {
	u.Dropped = int(p.dropped.Swap(0))
	p.observe(u)
}
