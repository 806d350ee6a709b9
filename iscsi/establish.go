package iscsi

import (
	"time"

	"github.com/spurboot/spur/block/share"
)

// establish makes the session, or joins it (RFC 7143 sections 6.3.1, 6.3.5).
func (srv *Server) establish(c *conn, l *login) (start bool, err error) {
	h := &c.hdr
	info := SessionInfo{Initiator: l.initiator, CHAPName: l.chapName, Remote: c.nc.RemoteAddr()}
	copy(info.ISID[:], h[8:14])
	if l.target != nil {
		info.Target = l.target.Name
	}
	if tsih := h.u16(14); tsih != 0 {
		if err := srv.joinSession(c, l, info, tsih); err != nil {
			return false, err
		}
		srv.logins.Leave(c.nc)
		return false, nil
	}
	if l.target != nil {
		l.target.endHungUp(info.Initiator)
		if err := l.target.reinstate(info.port()); err != nil {
			return false, err
		}
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closing {
		return false, refuse(LoginUnavailable, "the target shuts down")
	}
	info.TSIH = srv.nextTSIH()
	s := newSession(srv, l, info, h.cmdSN())
	if l.target != nil { // a discovery stays among the logins: it has nothing to show
		if err := srv.place(s); err != nil {
			srv.giveUp(s)
			return false, err
		}
		srv.logins.Leave(c.nc)
	}
	srv.sessions[s] = struct{}{}
	return true, s.join(c)
}

// place takes a place for a session, and has its target know it.
func (srv *Server) place(s *session) (err error) {
	if s.place, err = srv.places.Enter(share.PeerOf(s.info.Remote), func() { s.end(errGaveWay) }); err != nil {
		return refuse(LoginOutOfResources, "too many sessions: %v", err)
	}
	return s.target.enter(s)
}

// nextTSIH is one that no session has; the caller holds srv.mu.
func (srv *Server) nextTSIH() uint16 {
	used := map[uint16]bool{0: true}
	for s := range srv.sessions {
		used[s.info.TSIH] = true
	}
	for srv.lastTSIH++; used[srv.lastTSIH]; srv.lastTSIH++ {
		continue
	}
	return srv.lastTSIH
}

func (srv *Server) joinSession(c *conn, l *login, info SessionInfo, tsih uint16) error {
	if l.target == nil {
		return refuse(LoginNoSession, "a discovery has one connection")
	}
	s := l.target.session(info.port())
	if s == nil || s.info.TSIH != tsih || s.info.CHAPName != info.CHAPName {
		return refuse(LoginNoSession, "TSIH %d", tsih)
	}
	keep := s.p // what the leading connection agreed
	keep.headerDigest, keep.dataDigest = l.agreed.headerDigest, l.agreed.dataDigest
	keep.sendSegment, keep.recvSegment = l.agreed.sendSegment, l.agreed.recvSegment
	l.agreed = keep
	return s.join(c)
}

// reinstateTime is how long a login waits for the session that it replaces.
const reinstateTime = 10 * time.Second

// reinstate ends a session whose initiator port logs in again (RFC 7143 section
// 6.3.5), and waits until its commands are over: they must not touch the device
// after the new one's.
func (t *Target) reinstate(port string) error {
	if old := t.session(port); old != nil && !old.endNow(errReinstated) {
		return refuse(LoginUnavailable, "the session before still ends")
	}
	return nil
}

// endHungUp ends the sessions whose connections the initiator has closed before it
// logged in anew: it may rely on their loss, though their readers have not come
// to the end yet. libiscsi takes another ISID each time, so that they are not
// replaced.
func (t *Target) endHungUp(initiator string) {
	for _, old := range t.all() {
		if old.info.Initiator == initiator && old.hungUp() {
			old.endNow(errHungUp)
		}
	}
}

// endNow ends a session and waits until its commands are over. It returns
// false if they take too long.
func (s *session) endNow(err error) bool {
	s.end(err)
	timer := time.NewTimer(reinstateTime)
	defer timer.Stop()
	select {
	case <-s.gone:
		return true
	case <-timer.C:
		return false
	}
}
