package iscsi

import "time"

// shutdown asks all to log out, and ends those who don't.
func (srv *Server) shutdown() {
	srv.mu.Lock()
	srv.closing = true
	srv.mu.Unlock()
	sessions, grace := srv.allSessions(), srv.bounds.Grace
	for _, s := range sessions {
		// On a goroutine, for an initiator may take nothing.
		srv.wg.Go(func() { s.requestLogout(uint16(grace / time.Second)) })
	}
	done := make(chan struct{})
	go func() { // begins when all that it waits for are counted
		srv.wg.Wait()
		close(done)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	for _, s := range sessions {
		s.end(errShutdown)
	}
	<-done
}

// requestLogout asks the initiator to log out within so many seconds. Connections
// that are still logging in ask it when they have.
func (s *session) requestLogout(seconds uint16) {
	seconds = max(seconds, 1)
	s.mu.Lock()
	s.leaving = seconds
	open := s.openConns()
	s.mu.Unlock()
	if len(open) > 0 {
		open[0].requestLogout(seconds)
	}
}
