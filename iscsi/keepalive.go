package iscsi

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// ticksPerPing is how many times per PingAfter the keepalive looks at connections.
const ticksPerPing = 4

// keepalive is what is known of an initiator's silence.
type keepalive struct {
	lastSeen uint32 // conn.seen at the last tick
	quiet    int    // ticks of silence
	pinged   bool
}

// runKeepalive sends NOP-Ins to silent initiators, and ends the connections of
// those that don't answer, and the sessions of those that owe data.
func (srv *Server) runKeepalive(quit <-chan struct{}) {
	tick := max(min(srv.bounds.PingAfter, srv.bounds.PingTime)/ticksPerPing, time.Millisecond)
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-quit:
			return
		case <-clock.C:
			now := srv.ticks.Add(1)
			for _, s := range srv.allSessions() {
				if s.owesData(now, uint32(srv.bounds.DataTime/tick)+1) {
					s.end(errData)
				}
				s.mu.Lock()
				open := s.openConns()
				s.mu.Unlock()
				for _, c := range open {
					srv.checkSilence(c, tick)
				}
			}
		}
	}
}

func (srv *Server) allSessions() []*session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return slices.Collect(maps.Keys(srv.sessions))
}

// errData is the end of a session that holds memory for data which don't come.
var errData = errors.New("the data of a command didn't come in time")

// owesData says whether the initiator was asked for data, or left out a command,
// more than so many ticks ago.
func (s *session) owesData(now, most uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		waits := t.state == arriving || !t.complete && (t.unsolicited || t.r2tCount > 0)
		if waits && now-t.since > most {
			return true
		}
	}
	return false
}

// checkSilence judges the silence of a connection since the last tick.
func (srv *Server) checkSilence(c *conn, tick time.Duration) {
	k := &c.keepalive
	if seen := c.seen.Load(); seen != k.lastSeen {
		*k = keepalive{lastSeen: seen}
		return
	}
	k.quiet++
	silence := time.Duration(k.quiet) * tick
	switch {
	case k.pinged && silence > srv.bounds.PingAfter+srv.bounds.PingTime:
		c.end(errSilent)
	case !k.pinged && silence >= srv.bounds.PingAfter:
		k.pinged = true
		c.ping()
	}
}

// ping asks by a NOP-In whether the initiator is there (RFC 7143 section 11.19).
func (c *conn) ping() {
	c.s.mu.Lock()
	tag := c.s.targetTag()
	c.s.mu.Unlock()
	var h header
	h.start(opNOPIn, flagFinal)
	h.setITT(noTag)
	h.put32(20, tag)
	c.sendUnnumbered(&h)
	c.start(c.out.flush) // which may take as long as the initiator likes
}
