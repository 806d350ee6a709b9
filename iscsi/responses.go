package iscsi

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
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.stamp(h, true)
	c.out.add(h, data, held)
}

// sendUnnumbered queues one PDU that tells the next status number and doesn't
// take it.
func (c *conn) sendUnnumbered(h *header) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.stamp(h, false)
	c.out.add(h, nil, nil)
}

// reject answers a PDU that can't be served with its header
// (RFC 7143 section 11.17).
func (c *conn) reject(bad *header, reason byte) {
	var h header
	h.start(opReject, flagFinal)
	h[2] = reason
	h.setITT(noTag)
	c.send(&h, bad[:], nil)
}

// answerPing echoes a NOP-Out (RFC 7143 section 11.19).
func (t *task) answerPing() {
	var h header
	h.start(opNOPIn, flagFinal)
	h.setLUN(t.lun)
	h.setITT(t.itt)
	h.put32(20, noTag)
	held := t.buf
	t.buf = nil
	t.c.send(&h, held.b, held)
}

// Async events (RFC 7143 section 11.9.1).
const (
	asyncLogout = 1
	asyncEvent  = 36 // where the event and its parameters begin
)

// requestLogout asks the initiator to log out within so many seconds.
func (c *conn) requestLogout(seconds uint16) {
	var h header
	h.start(opAsync, flagFinal)
	h.setITT(noTag)
	h[asyncEvent] = asyncLogout
	h.put16(asyncEvent+6, seconds)
	c.send(&h, nil, nil)
	c.out.flush()
}
