package aoe

import (
	"github.com/spurboot/spur/block/handoff"
)

// latencies is how long a device takes for reads and for writes.
type latencies struct{ read, write handoff.Latency }

func (l *latencies) of(k kind) *handoff.Latency {
	if k == write {
		return &l.write
	}
	return &l.read
}
