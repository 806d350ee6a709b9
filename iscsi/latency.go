package iscsi

import "github.com/spurboot/spur/block/handoff"

// latency is how long the device takes for tasks like this one, nil for one that
// may always take long, and for what is no read or write. Those with FUA wait
// for the medium.
func (t *task) latency() *handoff.Latency {
	fua := t.cdb[0]>>5 != 0 && t.cdb[1]&0x08 != 0 // which the 6-byte ones don't have
	if t.op != opSCSICommand || t.nexus == nil || fua {
		return nil
	}
	switch t.cdb[0] {
	case 0x08, 0x28, 0x88, 0xa8:
		return &t.nexus.latency[0]
	case 0x0a, 0x2a, 0x8a, 0xaa:
		return &t.nexus.latency[1]
	}
	return nil
}

// Tick implements handoff.Owner. Answers don't wait while the reader waits for the
// rest of a PDU. Initiators that take nothing hold up no other: what may take
// long is done elsewhere.
func (c *conn) Tick(taken bool) (pending bool) {
	if pending = c.out.waits(); pending {
		c.start(c.out.flush)
	}
	if taken {
		c.passToken()
	}
	return pending
}
