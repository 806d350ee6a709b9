package iscsi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/spurboot/spur/block/share"
)

func (srv *Server) newLogin(c *conn) *login {
	l := newLogin(srv.bounds.params())
	l.portal = "1"
	l.discovery = srv.DiscoveryAuth
	l.random = func(p []byte) { _, _ = rand.Read(p) } // never fails
	l.lookup = func(initiator, name string) (*Target, error) {
		t := srv.Targets.Target(name)
		if t == nil {
			return nil, refuse(LoginNotFound, "%q", name)
		}
		if err := t.Check(); err != nil {
			return nil, refuse(LoginTargetError, "%v", err)
		}
		if t.Allow != nil {
			if err := t.Allow(initiator, c.nc.RemoteAddr()); err != nil {
				return nil, refuse(LoginForbidden, "%v", err)
			}
		}
		return t, nil
	}
	return l
}

// login runs the login phase (RFC 7143 section 6.3).
func (c *conn) login(l *login) error {
	if err := c.nc.SetDeadline(time.Now().Add(c.srv.bounds.LoginTime)); err != nil {
		return err
	}
	if t, ok := c.nc.(*net.TCPConn); ok {
		_ = t.SetNoDelay(true) // the default already
	}
	var text []byte
	for first := true; ; first = false {
		err := c.loginRequest(l, &text, first)
		if err != nil {
			c.refuseLogin(err)
			return err
		}
		if l.begun && l.stage == fullFeature {
			return c.nc.SetReadDeadline(time.Time{})
		}
	}
}

// Bits of Login PDUs (RFC 7143 section 11.12).
const (
	flagTransit  = 0x80
	flagContinue = 0x40
)

// loginRequest reads one Login Request and answers it.
func (c *conn) loginRequest(l *login, text *[]byte, first bool) error {
	if err := c.readHeader(); err != nil {
		return err
	}
	h := &c.hdr
	if h.opcode() != opLogin {
		return refuse(LoginInvalid, "opcode %#02x during login", h[0]&0x3f)
	}
	if len(*text)+h.dataLen() > maxText {
		return refuse(LoginInitiatorError, "more than %d bytes of text", maxText)
	}
	data := make([]byte, h.dataLen())
	if err := c.readData(data); err != nil {
		return err
	}
	*text = append(*text, data...)
	if first {
		if h[3] != 0 {
			return refuse(LoginVersion, "version %d at least", h[3])
		}
		c.out.statSN = h.statSN()
		c.cid = h.u16(20)
		l.leading = h.u16(14) == 0
		copy(l.who[:], h[8:16])
	}
	if !bytes.Equal(l.who[:], h[8:16]) || c.cid != h.u16(20) {
		return refuse(LoginInvalid, "ISID, TSIH or CID change during login")
	}
	current, next := stage(h[1]>>2&3), stage(h[1]&3)
	if h[1]&flagContinue != 0 {
		if h[1]&flagTransit != 0 {
			return refuse(LoginInitiatorError, "a transit with text that goes on")
		}
		c.loginResponse(0, current, false, current, nil)
		return nil
	}
	pairs, err := parseText(*text)
	if err != nil {
		return refuse(LoginInitiatorError, "%v", err)
	}
	*text = nil
	return c.loginStep(l, current, next, h[1]&flagTransit != 0, pairs)
}

func (c *conn) loginStep(l *login, current, next stage, transit bool, pairs []pair) error {
	reply, to, err := l.step(current, next, transit, pairs)
	if err != nil {
		return err
	}
	if to != fullFeature {
		c.loginResponse(0, current, to != current, to, reply)
		return nil
	}
	start, err := c.srv.establish(c, l)
	if err != nil {
		return err
	}
	c.p = l.agreed
	c.segment.Store(int32(c.p.sendSegment))
	c.loginResponse(c.s.info.TSIH, current, true, to, reply)
	c.out.hdrSum, c.out.dataSum = c.p.headerDigest, c.p.dataDigest
	if hook := c.srv.Hooks.SessionStart; start && hook != nil {
		hook(c.s.info)
	}
	return nil
}

// loginResponse answers with text (RFC 7143 section 11.13).
func (c *conn) loginResponse(tsih uint16, current stage, transit bool, next stage, pairs []pair) {
	var h header
	h.start(opLoginResp, byte(current)<<2)
	if transit {
		h[1] |= flagTransit | byte(next)
	}
	c.loginReply(&h, tsih, formatText(pairs...))
}

func (c *conn) loginReply(h *header, tsih uint16, text []byte) {
	req := &c.hdr
	copy(h[8:16], req[8:16])
	if tsih != 0 {
		h.put16(14, tsih)
	}
	h.setITT(req.itt())
	defer c.out.flush()
	c.out.lock()
	defer c.out.unlock()
	h.put32(24, c.out.nextStatSN())
	h.put32(28, req.cmdSN())
	h.put32(32, req.cmdSN())
	if c.s != nil {
		window := c.s.window.Load()
		h.put32(28, uint32(window>>32))
		h.put32(32, uint32(window))
	}
	c.out.add(h, text, nil)
}

// refuseLogin tells the initiator why, where the reason is its business.
func (c *conn) refuseLogin(err error) {
	var why *LoginError
	if !errors.As(err, &why) {
		return
	}
	var h header
	h.start(opLoginResp, c.hdr[1]&0x0c)
	h.put16(36, uint16(why.Status))
	c.loginReply(&h, 0, nil)
}

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
		l.target.bury(info.Initiator)
		if err := l.target.replace(sessionKey{info.Initiator, info.ISID}); err != nil {
			return false, err
		}
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closing {
		return false, refuse(LoginUnavailable, "the target shuts down")
	}
	if err := srv.places.Enter(share.PeerOf(info.Remote)); err != nil {
		return false, refuse(LoginOutOfResources, "too many sessions: %v", err)
	}
	info.TSIH = srv.nextTSIH()
	s := newSession(srv, l, info, h.cmdSN())
	if l.target != nil {
		if err := l.target.enter(s); err != nil {
			srv.giveUp(s)
			return false, err
		}
	}
	srv.sessions[s] = struct{}{}
	srv.logins.Leave(c.nc)
	return true, s.join(c)
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
	s := l.target.session(sessionKey{info.Initiator, info.ISID})
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

// replace ends a session whose initiator logs in again, and waits until its
// commands are over: they must not touch the device after the new one's.
func (t *Target) replace(key sessionKey) error {
	if old := t.session(key); old != nil && !old.endNow(errReinstated) {
		return refuse(LoginUnavailable, "the session before still ends")
	}
	return nil
}

// bury ends the sessions whose connections the initiator has closed before it
// logged in anew: it may rely on their loss, though their readers have not come
// to the end yet. libiscsi takes another ISID each time, so that they are not
// replaced.
func (t *Target) bury(initiator string) {
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

func (t *Target) session(key sessionKey) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sessions[key]
}

func (t *Target) enter(s *session) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sessions == nil {
		t.sessions = map[sessionKey]*session{}
	}
	if t.sessions[s.key()] != nil {
		return refuse(LoginUnavailable, "%s logs in twice at once", s.info.Initiator)
	}
	t.sessions[s.key()] = s
	return nil
}

func (t *Target) leave(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sessions[s.key()] == s {
		delete(t.sessions, s.key())
	}
}

// endOthers ends all sessions of the target but one.
func (t *Target) endOthers(but *session, err error) {
	for _, s := range t.all() {
		if s != but {
			s.end(err)
		}
	}
}

func (t *Target) all() []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.sessions))
}

func (i SessionInfo) String() string {
	return fmt.Sprintf("%s to %s, TSIH %d, from %v", i.Initiator, i.Target, i.TSIH, i.Remote)
}
