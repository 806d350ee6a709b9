package aoe

import (
	"github.com/spurboot/spur/block/turn"
)

// pace is how long a device takes for reads and for writes.
type pace struct{ read, write turn.Speed }

func (p *pace) of(k kind) *turn.Speed {
	if k == write {
		return &p.write
	}
	return &p.read
}
