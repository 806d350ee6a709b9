package iscsi

import "time"

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
			for _, c := range srv.connections() {
				srv.look(c, tick)
			}
		}
	}
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
