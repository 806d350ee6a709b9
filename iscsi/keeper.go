package iscsi

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// ticks is how many times per PingAfter the keeper looks at connections.
const ticks = 4

// keep pings those who are silent and ends those who don't answer.
func (srv *Server) keep(quit <-chan struct{}) {
	tick := max(min(srv.bounds.PingAfter, srv.bounds.PingTime)/ticks, time.Millisecond)
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-quit:
			return
		case <-clock.C:
			srv.ticks.Add(1)
			srv.endOwing(uint32(srv.bounds.DataTime/tick) + 1)
			for _, c := range srv.connections() {
				srv.look(c, tick)
			}
		}
	}
}

// errData is the end of a session that holds memory for data which don't come.
var errData = errors.New("the data of a command didn't come in time")

// endOwing ends the sessions whose initiators were asked for data, or left out a
// command, longer than so many ticks ago.
func (srv *Server) endOwing(most uint32) {
	srv.mu.Lock()
	sessions := slices.Collect(maps.Keys(srv.sessions))
	srv.mu.Unlock()
	for _, s := range sessions {
		if s.owes(srv.ticks.Load(), most) {
			s.end(errData)
		}
	}
}

// owes says whether a command waits for the initiator for too long.
func (s *session) owes(now, most uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		waits := !t.admitted || !t.complete && (t.unsolicited || t.r2tCount > 0)
		if waits && now-t.since > most {
			return true
		}
	}
	return false
}

func (srv *Server) connections() []*conn {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	var all []*conn
	for s := range srv.sessions {
		s.mu.Lock()
		for _, c := range s.conns {
			if c.open {
				all = append(all, c)
			}
		}
		s.mu.Unlock()
	}
	return all
}

// look judges the silence of a connection since the last look.
func (srv *Server) look(c *conn, tick time.Duration) {
	if seen := c.seen.Load(); seen != c.lastSeen {
		c.lastSeen, c.quiet, c.pinged = seen, 0, false
		return
	}
	c.quiet++
	silence := time.Duration(c.quiet) * tick
	switch {
	case c.pinged && silence > srv.bounds.PingAfter+srv.bounds.PingTime:
		c.end(errSilent)
	case !c.pinged && silence >= srv.bounds.PingAfter:
		c.pinged = true
		c.ping()
	}
}
