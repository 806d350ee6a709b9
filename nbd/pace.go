package nbd

import (
	"time"

	"github.com/spurboot/spur/block/turn"
)

// pace is how long a device takes for reads and for writes. Who has the turn
// carries out what is quick, and gives the turn up before it does what isn't.
type pace [2]turn.Speed

// of is the speed that counts for a command, nil for one that may always take
// long. Those with FUA wait for the medium.
func (p *pace) of(r *request) *turn.Speed {
	if r.command > cmdWrite || r.flags&cmdFUA != 0 {
		return nil
	}
	return &p[r.command]
}

// quick says whether a command won't take long.
func (p *pace) quick(r *request) bool {
	speed := p.of(r)
	return speed != nil && speed.Quick()
}

// took takes in how long the device took for a command.
func (p *pace) took(r *request, d time.Duration) {
	if speed := p.of(r); speed != nil {
		speed.Took(d)
	}
}

// Still implements turn.Owner. What was done before must not wait for a command
// that takes long. A client that doesn't read must hold up no other
// connection's patrol.
func (c *conn) Still(taken bool) bool {
	if taken {
		c.wg.Go(func() {
			c.out.flush()
			c.passOn()
		})
	}
	return false
}
