package iscsi

import (
	"time"

	"github.com/spurboot/spur/block/turn"
)

// speed is how long the device takes for tasks like this one, nil for one that
// may always take long, and for what is no read or write. Those with FUA wait
// for the medium.
func (t *task) speed() *turn.Speed {
	fua := t.cdb[0]>>5 != 0 && t.cdb[1]&0x08 != 0 // which the 6-byte ones don't have
	if t.op != opSCSICommand || t.nexus == nil || fua {
		return nil
	}
	switch t.cdb[0] {
	case 0x08, 0x28, 0x88, 0xa8:
		return &t.nexus.speed[0]
	case 0x0a, 0x2a, 0x8a, 0xaa:
		return &t.nexus.speed[1]
	}
	return nil
}

// quick says whether a task won't take long.
func (t *task) quick() bool {
	speed := t.speed()
	return speed != nil && speed.Quick()
}

// took takes in how long the device took for a task.
func (t *task) took(d time.Duration) {
	if speed := t.speed(); speed != nil {
		speed.Took(d)
	}
}

// Still implements turn.Owner. Answers don't wait while the reader waits for the
// rest of a PDU. Initiators that take nothing hold up no other: what may take
// long is done elsewhere.
func (c *conn) Still(taken bool) (waits bool) {
	if waits = c.out.waits(); waits {
		c.start(c.out.flush)
	}
	if taken {
		c.passTurn()
	}
	return waits
}
