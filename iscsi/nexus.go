package iscsi

import (
	"context"
	"slices"

	"github.com/spurboot/spur/block/handoff"
)

// nexus is an I_T_L nexus: a session's view of a logical unit. It keeps the
// order that task attributes ask for (SAM-5 section 8.7).
type nexus struct {
	s       *session
	unit    *unit
	number  uint64
	latency [2]handoff.Latency // of reads and of writes

	// Under s.mu.
	held         []*task // wait for their turn, in order
	active       int     // enabled and not over
	orderedAhead bool    // the one that is enabled is an ordered one
	ctx          context.Context
	cancel       context.CancelFunc

	// Under unit.mu.
	attentions []senseCode
	prevents   bool
}

// maxAttentions is how many unit attentions wait; SPC-4 asks for no number.
const maxAttentions = 8

func newNexus(s *session, number uint64, u *unit) *nexus {
	n := &nexus{s: s, unit: u, number: number}
	n.ctx, n.cancel = context.WithCancel(s.ctx)
	u.add(n)
	return n
}

// restart cancels what runs and lets new commands run. The caller holds s.mu.
func (n *nexus) restart() {
	n.cancel()
	n.ctx, n.cancel = context.WithCancel(n.s.ctx)
}

// enter gives a task its turn, or has it wait. The caller holds s.mu.
func (n *nexus) enter(t *task) {
	switch {
	case t.attribute == headOfQueue:
		t.enabled = true
	case n.orderedAhead || len(n.held) > 0 || t.attribute == ordered && n.active > 0:
		n.held = append(n.held, t)
		return
	default:
		n.orderedAhead = t.attribute == ordered
		t.enabled = true
	}
	n.active++
}

// leave takes a task out and starts those whose turn has come. The caller
// holds s.mu.
func (n *nexus) leave(t *task) {
	if !t.enabled {
		n.held = slices.DeleteFunc(n.held, func(other *task) bool { return other == t })
		return
	}
	n.active--
	if t.attribute == ordered {
		n.orderedAhead = false
	}
	for len(n.held) > 0 && !n.orderedAhead {
		next := n.held[0]
		if next.attribute == ordered && n.active > 0 {
			return
		}
		n.held = n.held[1:]
		n.orderedAhead = next.attribute == ordered
		next.enabled = true
		n.active++
		next.ifReady().start()
	}
}
