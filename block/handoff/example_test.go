package handoff_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/spurboot/spur/block/handoff"
)

// connection carries out requests.
type connection struct {
	requests chan func()
	token    handoff.Token
	latency  handoff.Latency
	workers  sync.WaitGroup
}

// serve is what who holds the token does.
func (c *connection) serve() {
	for request := range c.requests {
		if !c.latency.Quick() {
			c.workers.Go(c.serve) // the token is another's
			c.carryOut(request)
			return
		}
		no := c.token.Begin()
		c.carryOut(request)
		if !c.token.End(no) {
			return // the token was taken away
		}
	}
}

func (c *connection) carryOut(request func()) {
	began := time.Now()
	request()
	c.latency.Observe(time.Since(began))
}

// Tick implements handoff.Owner.
func (c *connection) Tick(taken bool) (pending bool) {
	if taken {
		c.workers.Go(c.serve)
	}
	return false
}

// A request that waits for what comes after it holds up nothing.
func Example() {
	var watchdog handoff.Watchdog
	var running sync.WaitGroup
	stop := make(chan struct{})
	running.Go(func() { watchdog.Run(stop) })

	c := &connection{requests: make(chan func(), 2)}
	c.token.Owner, c.token.Watchdog = c, &watchdog
	second := make(chan struct{})
	c.requests <- func() { <-second; fmt.Println("the first one") }
	c.requests <- func() { fmt.Println("the second one"); close(second) }
	close(c.requests)
	c.workers.Go(c.serve)
	c.workers.Wait()

	close(stop)
	running.Wait()
	// Output:
	// the second one
	// the first one
}
