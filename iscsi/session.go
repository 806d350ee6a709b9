package iscsi

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
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

// over takes a task that is done out of the session, so that its tag and its
// place in the window are free, and its memory. The caller holds s.mu.
func (s *session) over(t *task) {
	if s.tasks[t.itt] == t {
		delete(s.tasks, t.itt)
	}
	if t.admitted && t.immediate {
		s.immediates--
	}
	if t.admitted && !t.immediate {
		s.outstanding--
		s.openWindow()
	}
	if len(s.starved) > 0 {
		s.starved = slices.DeleteFunc(s.starved, func(other *task) bool { return other == t })
	}
	if t.claimed > 0 {
		s.writeMemory -= t.claimed
		t.claimed = 0
		s.feed()
	}
	if t.aborted {
		s.changed.Broadcast()
	}
}

// feed gives write memory to those who wait for it.
func (s *session) feed() {
	for len(s.starved) > 0 {
		t := s.starved[0]
		if !t.claim() {
			return
		}
		s.starved = s.starved[1:]
		t.solicit()
	}
}

// forget drops a task that isn't answered. The caller holds s.mu.
func (s *session) forget(t *task) {
	s.over(t)
	s.leave(t)
}

// leave starts what waited for a task to be over and answered, which nobody
// uses any more. The caller holds s.mu.
func (s *session) leave(t *task) {
	if t.admitted && t.nexus != nil {
		t.nexus.leave(t)
	}
	if i := slices.Index(s.answering, t); i >= 0 {
		s.answering = slices.Delete(s.answering, i, i+1)
		s.changed.Broadcast()
	}
	s.recycle(t)
}

// answer says that a task is over and will be answered. The caller holds s.mu.
func (s *session) answer(t *task) {
	s.over(t)
	s.endings++
	t.ending = s.endings
	s.answering = append(s.answering, t)
}

// newTask returns a clean task.
func (s *session) newTask() *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.free
	if t == nil {
		return &task{s: s}
	}
	s.free = t.next
	s.freeCount--
	*t = task{s: s}
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

// abort marks the tasks that match; those that don't run are over at once.
// The caller holds s.mu.
func (s *session) abort(match func(*task) bool) int {
	var found []*task
	for _, t := range s.tasks {
		if t.op == opSCSICommand && !t.aborted && match(t) {
			t.aborted = true
			found = append(found, t)
		}
	}
	for _, t := range found {
		if !t.running && !t.receiving && t.admitted {
			s.forget(t)
		}
	}
	return len(found)
}

// awaitAborted waits until no aborted task runs any more, and those that match
// and were over before are answered: what is said of tasks comes before what is
// said of their abortion.
func (s *session) awaitAborted(match func(*task) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.endings
	for !s.closing && (s.abortedRunning() || slices.ContainsFunc(s.answering, func(t *task) bool {
		return t.ending <= last && match(t)
	})) {
		s.changed.Wait()
	}
}

// abandon aborts the tasks of a connection that is being logged out: with the
// answer their tags are the initiator's again (RFC 7143 section 11.15).
func (s *session) abandon(cid uint16) {
	s.mu.Lock()
	c := s.conns[cid]
	its := func(t *task) bool { return t.c == c }
	if c != nil {
		s.abort(its)
	}
	s.mu.Unlock()
	if c != nil {
		s.awaitAborted(its)
	}
}

func (s *session) abortedRunning() bool {
	for _, t := range s.tasks {
		if t.aborted && t.running {
			return true
		}
	}
	return false
}

// Reasons for a session's end.
var (
	errReinstated = errors.New("the initiator logged in again")
	errHungUp     = errors.New("the initiator closed the connection")
	errReset      = errors.New("the target was reset")
	errShutdown   = errors.New("the target shuts down")
	errSilent     = errors.New("the initiator is silent")
)

// hungUp says whether the initiator has closed all connections.
func (s *session) hungUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		if !hungUp(c.nc) {
			return false
		}
	}
	return true
}

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

// join adds a connection, unless the session ends or has enough of them. One
// with the number of another is refused: at error recovery level 0 an initiator
// that lost a connection has lost the session, and begins a new one in its place
// (RFC 7143 section 6.3.5).
func (s *session) join(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return refuse(LoginNoSession, "the session ends")
	case s.conns[c.cid] != nil:
		return refuse(LoginNotInSession, "connection %d is there already", c.cid)
	case len(s.conns) >= s.p.maxConnections:
		return refuse(LoginTooManyConnections, "the session has %d connections", len(s.conns))
	}
	s.conns[c.cid], c.s = c, s
	return nil
}

// quit takes a connection out, with its tasks, of which none runs any more. It
// reports whether it was the last one.
func (s *session) quit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.cid)
	for _, t := range s.tasks {
		if t.c != c {
			continue
		}
		t.aborted = true
		if s.early[t.cmdSN] != t { // one that is keeps its place in the order
			s.forget(t)
		}
	}
	return len(s.conns) == 0
}

// dispose gives back what the tasks hold, when all workers have gone.
func (s *session) dispose() {
	s.cancel(errors.New("the session is over"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		s.srv.pool.put(t.buf)
		t.buf = nil
	}
	clear(s.tasks)
	clear(s.early)
	for _, n := range s.nexuses {
		n.unit.drop(n)
	}
}

// flushOthers has other connections of the session than one, or all, send what
// was queued on them: R2Ts for tasks that wait for memory no more.
func (s *session) flushOthers(but *conn) {
	if but != nil && s.p.maxConnections == 1 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		if c != but && c.out.waits() {
			c.start(c.out.flush)
		}
	}
}
