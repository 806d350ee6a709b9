package iscsi

// Logout reasons and responses (RFC 7143 sections 11.14.1 and 11.15.1).
const (
	logoutSession    = 0
	logoutConnection = 1
	logoutDone       = 0
	logoutNoCID      = 1
	logoutNoRecovery = 2
)

// runLogout answers a logout, and ends what was logged out. The tasks of a connection
// are aborted before: with the answer their tags are the initiator's again
// (RFC 7143 section 11.15).
func (t *task) runLogout() {
	s, from, reason, cid := t.s, t.c, t.flags&0x7f, uint16(t.refTag>>16)
	s.mu.Lock()
	c, last := s.conns[cid], len(s.conns) == 1
	s.mu.Unlock()
	if c != nil && reason == logoutConnection {
		s.abortAndAwait(func(t *task) bool { return t.c == c })
	}
	response := byte(logoutDone)
	switch {
	case reason == logoutConnection && c == nil:
		response = logoutNoCID
	case reason > logoutConnection:
		response = logoutNoRecovery
	}
	t.finish(func() { t.answerLogout(response) })
	from.out.finish()
	switch {
	case response != logoutDone:
	case reason == logoutSession || last:
		s.end(errLogout)
	default:
		c.end(errLogout)
	}
}

func (t *task) answerLogout(response byte) {
	var h header
	h.start(opLogoutResp, flagFinal)
	h.setITT(t.itt)
	h[2] = response
	h.put16(40, uint16(t.s.p.time2Wait))
	t.c.send(&h, nil, nil)
}
