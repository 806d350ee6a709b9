package turn_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/spurboot/spur/block/turn"
)

// connection carries out requests.
type connection struct {
	requests chan func()
	turn     turn.Turn
	speed    turn.Speed
	workers  sync.WaitGroup
}

// serve is what who has the turn does.
func (c *connection) serve() {
	for request := range c.requests {
		if !c.speed.Quick() {
			c.workers.Go(c.serve) // the turn is another's
			c.carryOut(request)
			return
		}
		no := c.turn.Begin()
		c.carryOut(request)
		if !c.turn.End(no) {
			return // the turn was taken away
		}
	}
}

func (c *connection) carryOut(request func()) {
	began := time.Now()
	request()
	c.speed.Took(time.Since(began))
}

// Still implements turn.Owner.
func (c *connection) Still(taken bool) (waits bool) {
	if taken {
		c.workers.Go(c.serve)
	}
	return false
}

// A request that waits for what comes after it holds up nothing.
func Example() {
	var patrol turn.Patrol
	var walk sync.WaitGroup
	stop := make(chan struct{})
	walk.Go(func() { patrol.Walk(stop) })

	c := &connection{requests: make(chan func(), 2)}
	c.turn.Owner, c.turn.Patrol = c, &patrol
	second := make(chan struct{})
	c.requests <- func() { <-second; fmt.Println("the first one") }
	c.requests <- func() { fmt.Println("the second one"); close(second) }
	close(c.requests)
	c.workers.Go(c.serve)
	c.workers.Wait()

	close(stop)
	walk.Wait()
	// Output:
	// the second one
	// the first one
}
