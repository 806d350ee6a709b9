package dhcp6

import (
	"context"
	"sync"
	"time"
)

const (
	// untilListening is how long after its request on [BootPort] edk2's PXE certainly listens
	// there. It asks once, opens the port for reading only when that is sent
	// (PxeBcRequestBootService), and waits three seconds: a reply that comes before it
	// listens is lost, and the boot with it. A server on the same host as a virtual
	// machine takes some microseconds.
	untilListening = 100 * time.Millisecond
	// maxWaiting bounds the requests that wait. Others are handed over at once.
	maxWaiting = 256
)

// waiting are requests whose clients don't listen for a reply yet.
type waiting struct {
	places chan struct{}
	all    *sync.WaitGroup
}

func newWaiting() waiting {
	return waiting{places: make(chan struct{}, maxWaiting), all: &sync.WaitGroup{}}
}

// hand calls a function when its client listens, unless the context ends before.
func (w waiting) hand(ctx context.Context, handle func()) {
	select {
	case w.places <- struct{}{}:
	default:
		handle()
		return
	}
	w.all.Go(func() {
		defer func() { <-w.places }()
		select {
		case <-time.After(untilListening):
			handle()
		case <-ctx.Done():
		}
	})
}

// wait returns when nothing waits any more.
func (w waiting) wait() { w.all.Wait() }
