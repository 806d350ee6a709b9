package iscsi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"time"
)

func (srv *Server) newLogin(c *conn) *login {
	l := newLogin(srv.bounds.params())
	l.discovery = srv.DiscoveryAuth
	l.random = func(p []byte) { _, _ = rand.Read(p) } // never fails
	l.lookup = func(initiator, name string) (*Target, error) {
		t, err := srv.Targets.Target(srv.ctx, name)
		switch {
		case errors.Is(err, ErrNoTarget):
			return nil, refuse(LoginNotFound, "%q", name)
		case err != nil:
			return nil, refuse(LoginTargetError, "%v", err)
		}
		l.release = t.Release
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
		c.loginResponse(byte(current)<<2, LoginSuccess, nil)
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
	flags, text := byte(current)<<2, formatText(reply...)
	if to != current {
		flags |= flagTransit | byte(to)
	}
	if to != fullFeature {
		c.loginResponse(flags, LoginSuccess, text)
		return nil
	}
	start, err := c.srv.establish(c, l)
	if err != nil {
		return err
	}
	c.unhook() // before the initiator hears of it: it is asked to log out from now on
	c.p = l.agreed
	c.segment.Store(int32(c.p.sendSegment))
	c.loginResponse(flags, LoginSuccess, text)
	c.out.hdrSum, c.out.dataSum = c.p.headerDigest, c.p.dataDigest
	if hook := c.srv.Hooks.SessionStart; start && hook != nil {
		hook(c.s.info)
	}
	return nil
}

// loginResponse answers a Login Request (RFC 7143 section 11.13).
func (c *conn) loginResponse(flags byte, status LoginStatus, text []byte) {
	var h header
	req := &c.hdr
	h.start(opLoginResp, flags)
	copy(h[8:16], req[8:16])
	h.setITT(req.itt())
	h.put16(36, uint16(status))
	defer c.out.flush()
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.s != nil {
		h.put16(14, c.s.info.TSIH)
		c.stamp(&h, true)
	} else {
		h.put32(24, c.out.nextStatSN())
		h.put32(28, req.cmdSN())
		h.put32(32, req.cmdSN())
	}
	c.out.add(&h, text, nil)
}

// refuseLogin tells the initiator why, where the reason is its business.
func (c *conn) refuseLogin(err error) {
	var why *LoginError
	if errors.As(err, &why) {
		c.loginResponse(c.hdr[1]&0x0c, why.Status, nil)
	}
}
