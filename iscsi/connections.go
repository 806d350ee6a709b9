package iscsi

import (
	"maps"
	"slices"
)

// openConns are the connections that are past their login. The caller holds s.mu.
func (s *session) openConns() []*conn {
	return slices.DeleteFunc(slices.Collect(maps.Values(s.conns)), func(c *conn) bool { return !c.open })
}

func (s *session) allConns() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.conns))
}

// hungUp says whether the initiator has closed all connections.
func (s *session) hungUp() bool {
	return !slices.ContainsFunc(s.allConns(), func(c *conn) bool { return !hungUp(c.nc) })
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
	c.dropText()
	for _, t := range s.tasks {
		if t.c != c {
			continue
		}
		t.aborted = true
		if s.early[t.cmdSN] != t { // one that is keeps its place in the order
			s.discard(t)
		}
	}
	return len(s.conns) == 0
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
