package iscsi

import (
	"context"
	"slices"

	"github.com/spurboot/spur/block/scsi"
)

// nexus is an I_T_L nexus: a session's view of a logical unit. It keeps the
// order that task attributes ask for (SAM-5 section 8.7).
type nexus struct {
	scsi.Nexus
	s    *session
	unit *LUN // nil: of all numbers that have none

	// Under s.mu.
	held         []*task // wait for their turn, in order
	active       int     // enabled and not over
	orderedAhead bool    // the one that is enabled is an ordered one
	ctx          context.Context
	cancel       context.CancelFunc
}

func newNexus(s *session, number uint64, u *LUN) *nexus {
	n := &nexus{s: s, unit: u}
	n.Initiator, n.Target, n.LUN = s.info.port(), s.info.Target, number
	n.MaxTransfer, n.Abort = s.srv.bounds.MaxTransfer, n.abortAll
	if s.target != nil {
		n.Units = s.target.LUNs
	}
	n.ctx, n.cancel = context.WithCancel(s.ctx)
	if u != nil {
		n.Join(u)
	}
	return n
}

// close is the loss of the nexus with its session.
func (n *nexus) close() {
	n.cancel()
	if n.unit != nil {
		n.Leave()
	}
}

// context ends when the tasks of the nexus are aborted, or the session ends.
func (n *nexus) context() context.Context {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return n.ctx
}

// abortAll aborts the tasks of the nexus and waits for those that run.
func (n *nexus) abortAll() {
	s, its := n.s, func(t *task) bool { return t.nexus == n }
	s.mu.Lock()
	s.abort(its)
	n.cancel()
	n.ctx, n.cancel = context.WithCancel(s.ctx) // of new ones
	s.mu.Unlock()
	s.flushOthers(nil)
	s.awaitAborted(its)
}

// enter gives a task its turn, or has it wait. The caller holds s.mu.
func (n *nexus) enter(t *task) {
	switch {
	case t.attribute == headOfQueue:
		t.enabled = true
		n.active++
	case len(n.held) > 0 || !n.mayEnable(t):
		n.held = append(n.held, t)
	default:
		n.enable(t)
	}
}

// mayEnable: an ordered task waits for those before it, and those behind wait for
// it.
func (n *nexus) mayEnable(t *task) bool {
	return !n.orderedAhead && (t.attribute != ordered || n.active == 0)
}

func (n *nexus) enable(t *task) {
	n.orderedAhead = t.attribute == ordered
	t.enabled = true
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
	for len(n.held) > 0 && n.mayEnable(n.held[0]) {
		next := n.held[0]
		n.held = n.held[1:]
		n.enable(next)
		next.ifReady().start()
	}
}
