package iscsi

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block/scsi"
	"github.com/spurboot/spur/block/share"
)

// session is an I_T nexus: the commands of one initiator port, in order.
type session struct {
	srv    *Server
	target *Target // nil in discovery sessions
	info   SessionInfo
	p      params
	ctx    context.Context
	cancel context.CancelCauseFunc
	memory *share.Account
	place  *share.Place // nil in discovery sessions

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
	answering   []*task          // their answers aren't queued yet
	answers     uint64           // counts tasks
	nexuses     map[uint64]*nexus
	absent      *nexus // of numbers that have no unit
	writeMemory int
	starved     []*task       // wait for write memory
	gone        chan struct{} // closed when the session is over
}

func newSession(srv *Server, l *login, info SessionInfo, cmdSN uint32) *session {
	s := &session{
		srv: srv, target: l.target, info: info, p: l.agreed, expCmdSN: cmdSN,
		conns: map[uint16]*conn{}, tasks: map[uint32]*task{}, early: map[uint32]*task{}, nexuses: map[uint64]*nexus{}, gone: make(chan struct{}),
	}
	s.changed.L = &s.mu
	s.memory = srv.memory.Open(share.PeerOf(info.Remote), srv.bounds.TotalMemory)
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(srv.ctx))
	s.absent = newNexus(s, 0, nil)
	s.openWindow()
	return s
}

// nexus returns what the session shares with a logical unit, or s.absent where the
// target has none of that number.
func (s *session) nexus(wire uint64) *nexus {
	number, ok := scsi.ParseLUN(wire)
	if !ok || s.target == nil {
		return s.absent
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nexuses[number]; n != nil {
		return n
	}
	lun := s.target.LUNs[number]
	if lun == nil {
		return s.absent
	}
	n := newNexus(s, number, lun)
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
	errGaveWay    = errors.New("another address, which has fewer sessions, has its place")
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
	for _, c := range s.allConns() {
		c.end(err)
	}
}

// dispose gives back what the tasks hold, when all workers have gone.
func (s *session) dispose() {
	s.cancel(errors.New("the session is over"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		t.freeBuffers()
	}
	clear(s.tasks)
	clear(s.early)
	for _, n := range s.nexuses {
		n.close()
	}
}
