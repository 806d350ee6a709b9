package nbd

import "github.com/spurboot/spur/block/handoff"

// step carries a request out, inline where the device is quick, and says whether the worker still holds the token.
func (w *worker) step() bool {
	c := w.c
	if c.latencyOf(&w.req).Quick() {
		no := c.token.Begin()
		w.carryOut()
		return c.token.End(no)
	}
	c.out.flush()
	c.handOver()
	w.carryOut()
	return false
}

// latencyOf is how long the device takes for commands like this one, nil for one
// that may always take long. Those with FUA wait for the medium.
func (c *conn) latencyOf(r *request) *handoff.Latency {
	if r.command > cmdWrite || r.flags&cmdFUA != 0 {
		return nil
	}
	return &c.latency[r.command]
}

// Tick implements handoff.Owner. What was done before must not wait for a command
// that takes long. A client that doesn't read must hold up no other connection's
// watchdog.
func (c *conn) Tick(taken bool) (pending bool) {
	if taken {
		c.wg.Go(func() {
			c.out.flush()
			c.handOver()
		})
	}
	return false
}
