package iscsi

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block/share"
)

// sessionKey tells sessions of a target apart: a second login with the same
// one takes the place of the first (RFC 7143 section 6.3.5).
type sessionKey struct {
	initiator string
	isid      [6]byte
}

// session is an I_T nexus: the commands of one initiator port, in order.
type session struct {
	srv    *Server
	target *Target // nil in discovery sessions
	info   SessionInfo
	p      params
	ctx    context.Context
	cancel context.CancelCauseFunc
	memory *share.Account

	// window is what every PDU to the initiator says: ExpCmdSN in the upper
	// half, MaxCmdSN in the lower.
	window atomic.Uint64

	mu          sync.Mutex
	changed     sync.Cond // an aborted task is over, or one is answered
	conns       map[uint16]*conn
	closing     bool
	leaving     uint16 // seconds that the initiator has to log out, once it is asked to
	expCmdSN    uint32
	outstanding int
	immediates  int
	nextTTT     uint32
	tasks       map[uint32]*task // by initiator task tag
	early       map[uint32]*task // by CmdSN, until those before them are here
	answering   []*task          // are over, their answers aren't queued yet
	endings     uint64           // of tasks
	nexuses     map[uint64]*nexus
	writeMemory int
	starved     []*task       // wait for write memory
	gone        chan struct{} // closed when the session is over
	free        *task
	freeCount   int
}

func newSession(srv *Server, l *login, info SessionInfo, cmdSN uint32) *session {
	s := &session{
		srv: srv, target: l.target, info: info, p: l.agreed, expCmdSN: cmdSN,
		conns: map[uint16]*conn{}, tasks: map[uint32]*task{}, early: map[uint32]*task{}, nexuses: map[uint64]*nexus{}, gone: make(chan struct{}),
	}
	s.changed.L = &s.mu
	s.memory = srv.memory.Open(share.PeerOf(info.Remote), srv.bounds.TotalMemory)
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(srv.ctx))
	s.openWindow()
	return s
}

func (s *session) key() sessionKey { return sessionKey{s.info.Initiator, s.info.ISID} }

// openWindow publishes the window: as many commands may come as are not under
// way (RFC 7143 section 4.2.2.1). The caller holds s.mu.
func (s *session) openWindow() {
	room := max(s.srv.bounds.QueueDepth-s.outstanding, 0)
	last := s.expCmdSN + uint32(room) - 1
	s.window.Store(uint64(s.expCmdSN)<<32 | uint64(last))
}

// order puts a task whose PDU is here into the order of CmdSN. What can run
// because of it is returned; further ones are started.
func (s *session) order(t *task) (run *task, reject byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		s.forget(t)
		return nil, 0
	}
	if t.immediate {
		if s.immediates >= immediateTasks {
			s.forget(t)
			return nil, rejectTooManyImm
		}
		s.immediates++
		return s.admit(t), 0
	}
	window := s.window.Load()
	ahead, room := int32(t.cmdSN-s.expCmdSN), int32(uint32(window)-s.expCmdSN)
	switch {
	case ahead < 0, ahead > room, s.early[t.cmdSN] != nil:
		s.forget(t) // RFC 7143 section 4.2.2.1: ignored in silence
		return nil, 0
	case ahead > 0:
		s.early[t.cmdSN] = t
		return nil, 0
	}
	run = s.advance(t)
	for next := s.early[s.expCmdSN]; next != nil; next = s.early[s.expCmdSN] {
		delete(s.early, s.expCmdSN)
		s.advance(next).start()
	}
	return run, 0
}

func (s *session) advance(t *task) *task {
	s.expCmdSN++
	s.outstanding++
	s.openWindow()
	return s.admit(t)
}

// admit hands a task to its logical unit, or lets it run at once where it has
// none. It returns the task when it can run.
func (s *session) admit(t *task) *task {
	t.admitted = true
	if t.aborted {
		s.forget(t)
		return nil
	}
	if t.op != opSCSICommand {
		t.running = true
		return t
	}
	if t.nexus != nil {
		t.nexus.enter(t)
	} else {
		t.enabled = true
	}
	if !t.complete {
		t.needMore()
	}
	return t.ifReady()
}

// newTask returns a clean task.
func (s *session) newTask() *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.free
	if t == nil {
		return &task{s: s, since: s.srv.ticks.Load()}
	}
	s.free = t.next
	s.freeCount--
	*t = task{s: s, since: s.srv.ticks.Load()}
	return t
}

// recycle keeps a task for the next command; the caller holds s.mu.
func (s *session) recycle(t *task) {
	s.srv.pool.put(t.buf)
	s.srv.pool.put(t.last)
	t.buf, t.last = nil, nil
	if s.freeCount >= s.srv.bounds.QueueDepth {
		return
	}
	t.next = s.free
	s.free = t
	s.freeCount++
}

// nexus returns what the session shares with a logical unit, nil where the
// target has none of that number.
func (s *session) nexus(wire uint64) *nexus {
	number, ok := lunNumber(wire)
	if !ok || s.target == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nexuses[number]; n != nil {
		return n
	}
	lun := s.target.LUNs[number]
	if lun == nil {
		return nil
	}
	n := newNexus(s, number, lun.open(s.target, number))
	s.nexuses[number] = n
	return n
}

// Reasons for a session's end.
var (
	errReinstated = errors.New("the initiator logged in again")
	errHungUp     = errors.New("the initiator closed the connection")
	errReset      = errors.New("the target was reset")
	errShutdown   = errors.New("the target shuts down")
	errSilent     = errors.New("the initiator is silent")
)

// close has the session take no commands any more, and no connections.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	s.changed.Broadcast()
}

// end ends all connections.
func (s *session) end(err error) {
	s.cancel(err)
	s.close()
	s.mu.Lock()
	conns := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.end(err)
	}
}

// dispose gives back what the tasks hold, when all workers have gone.
func (s *session) dispose() {
	s.cancel(errors.New("the session is over"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		s.srv.pool.put(t.buf)
		s.srv.pool.put(t.last)
		t.buf, t.last = nil, nil
	}
	clear(s.tasks)
	clear(s.early)
	for _, n := range s.nexuses {
		n.unit.drop(n)
	}
}
