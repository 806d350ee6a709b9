package iscsi

// Logout reasons and responses (RFC 7143 sections 11.14.1 and 11.15.1).
const (
	logoutSession     = 0
	logoutConnection  = 1
	logoutDone        = 0
	logoutNoCID       = 1
	logoutNoRecovery  = 2
	logoutReasonMask  = 0x7f
	logoutCIDInRefTag = 16
)

// runLogout aborts what is under way on a connection that is logged out, answers,
// and closes what was logged out.
func (t *task) runLogout() {
	s, c, reason, cid := t.s, t.c, t.logoutReason(), t.logoutCID()
	if reason == logoutConnection {
		s.abortOn(cid)
	}
	t.finish(t.answerLogout)
	s.afterLogout(c, reason, cid)
}

// abortOn aborts the tasks of a connection that is being logged out: with the
// answer their tags are the initiator's again (RFC 7143 section 11.15).
func (s *session) abortOn(cid uint16) {
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

// answerLogout says what came of a logout (RFC 7143 section 11.15).
func (t *task) answerLogout() {
	var h header
	h.start(opLogoutResp, flagFinal)
	h.setITT(t.itt)
	h[2] = t.logoutResponse()
	h.put16(40, uint16(t.s.p.time2Wait))
	t.c.send(&h, nil, nil)
}

func (t *task) logoutReason() byte { return t.flags & logoutReasonMask }

// logoutCID is the connection that a logout means.
func (t *task) logoutCID() uint16 { return uint16(t.refTag >> logoutCIDInRefTag) }

func (t *task) logoutResponse() byte {
	switch t.logoutReason() {
	case logoutSession:
		return logoutDone
	case logoutConnection:
		t.s.mu.Lock()
		defer t.s.mu.Unlock()
		if t.s.conns[t.logoutCID()] == nil {
			return logoutNoCID
		}
		return logoutDone
	}
	return logoutNoRecovery
}

// afterLogout closes what was logged out. The task is over: only what doesn't
// change in it is read.
func (s *session) afterLogout(from *conn, reason byte, cid uint16) {
	from.out.finish()
	switch reason {
	case logoutSession:
		s.end(errLogout)
	case logoutConnection:
		s.mu.Lock()
		c := s.conns[cid]
		last := len(s.conns) == 1
		s.mu.Unlock()
		if c != nil && last {
			s.end(errLogout)
		} else if c != nil {
			c.end(errLogout)
		}
	}
}
