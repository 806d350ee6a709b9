package iscsi

import "encoding/binary"

// stamp fills in what every PDU to the initiator says; status PDUs take a
// number of their own. The caller holds the queue's lock.
func (c *conn) stamp(h *header, status bool) {
	window := c.s.window.Load()
	if status {
		h.put32(24, c.out.nextStatSN())
	} else {
		h.put32(24, c.out.statSN)
	}
	h.put32(28, uint32(window>>32))
	h.put32(32, uint32(window))
}

// send queues one PDU with a status number.
func (c *conn) send(h *header, data []byte, held *buffer) {
	c.out.lock()
	c.stamp(h, true)
	c.out.add(h, data, held)
	c.out.unlock()
}

// reject answers a PDU that can't be served with its header
// (RFC 7143 section 11.17).
func (c *conn) reject(bad *header, reason byte) {
	var h header
	h.start(opReject, 0x80)
	h[2] = reason
	h.setITT(noTag)
	c.send(&h, bad[:], nil)
}

// sendR2T queues a Ready To Transfer (RFC 7143 section 11.8).
func (c *conn) sendR2T(t *task, r *r2t) {
	var h header
	h.start(opR2T, 0x80)
	h.setLUN(t.lun)
	h.setITT(t.itt)
	h.put32(20, r.tag)
	h.put32(36, t.r2tSN)
	h.put32(40, uint32(r.at))
	h.put32(44, uint32(r.end-r.at))
	c.out.lock()
	defer c.out.unlock()
	c.stamp(&h, false) // the next StatSN, which it doesn't take
	c.out.add(&h, nil, nil)
}

// answerPing echoes a NOP-Out (RFC 7143 section 11.19).
func (t *task) answerPing() {
	var h header
	h.start(opNOPIn, 0x80)
	h.setLUN(t.lun)
	h.setITT(t.itt)
	h.put32(20, noTag)
	held := t.buf
	t.buf = nil
	t.c.send(&h, held.b, held)
}

// ping asks whether the initiator is there.
func (c *conn) ping() {
	c.s.mu.Lock()
	c.s.nextTTT++
	if c.s.nextTTT == noTag {
		c.s.nextTTT = 1
	}
	tag := c.s.nextTTT
	c.s.mu.Unlock()
	var h header
	h.start(opNOPIn, 0x80)
	h.setITT(noTag)
	h.put32(20, tag)
	c.out.lock()
	c.stamp(&h, false)
	c.out.add(&h, nil, nil)
	c.out.unlock()
	c.start(c.out.flush) // which may take as long as the initiator likes
}

// Async events (RFC 7143 section 11.9.1).
const (
	asyncLogout     = 1
	asyncDropAll    = 3
	asyncParameters = 36 // where the event and the parameters begin
)

// async tells the initiator of an event.
func (c *conn) async(event byte, p1, p2, p3 uint16) {
	var h header
	h.start(opAsync, 0x80)
	h.setITT(noTag)
	h[asyncParameters] = event
	h.put16(asyncParameters+2, p1)
	h.put16(asyncParameters+4, p2)
	h.put16(asyncParameters+6, p3)
	c.send(&h, nil, nil)
	c.out.flush()
}

// answerLogout says goodbye (RFC 7143 section 11.15).
func (t *task) answerLogout() {
	var h header
	h.start(opLogoutResp, 0x80)
	h.setITT(t.itt)
	h[2] = t.logoutResponse()
	h.put16(40, uint16(t.s.p.time2Wait))
	t.c.send(&h, nil, nil)
}

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

// appendSense appends the data segment of a SCSI Response: sense data with its
// length (RFC 7143 section 11.4.7.2).
func appendSense(p, sense []byte) []byte {
	p = binary.BigEndian.AppendUint16(p, uint16(len(sense)))
	return append(p, sense...)
}
