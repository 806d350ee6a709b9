package nbd

import (
	"time"

	"github.com/spurboot/spur/block/handoff"
)

// latencies is how long a device takes for reads and for writes.
type latencies [2]handoff.Latency

// of is the latency that counts for a command, nil for one that may always take
// long. Those with FUA wait for the medium.
func (l *latencies) of(r *request) *handoff.Latency {
	if r.command > cmdWrite || r.flags&cmdFUA != 0 {
		return nil
	}
	return &l[r.command]
}

// quick says whether a command won't take long.
func (l *latencies) quick(r *request) bool {
	latency := l.of(r)
	return latency != nil && latency.Quick()
}

// took takes in how long the device took for a command.
func (l *latencies) took(r *request, d time.Duration) {
	if latency := l.of(r); latency != nil {
		latency.Observe(d)
	}
}

// Tick implements handoff.Owner. What was done before must not wait for a command
// that takes long. A client that doesn't read must hold up no other
// connection's watchdog.
func (c *conn) Tick(taken bool) (pending bool) {
	if taken {
		c.wg.Go(func() {
			c.out.flush()
			c.handOver()
		})
	}
	return false
}
