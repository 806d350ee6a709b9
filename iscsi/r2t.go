package iscsi

// maxR2T is how many R2Ts of a task may be outstanding, at most.
const maxR2T = 4

// r2t is a request for data: the sequence of Data-Outs from to end.
type r2t struct {
	tag    uint32
	at     int
	end    int
	dataSN uint32
}

// solicit asks for data that is missing, as far as agreed. The caller holds
// s.mu.
func (t *task) solicit() {
	p := &t.s.p
	t.since = t.s.srv.ticks.Load()
	t.solicited = max(t.solicited, t.received)
	for t.solicited < t.want && t.r2tCount < min(p.maxOutstandingR2T, maxR2T) {
		n := min(p.maxBurst, t.want-t.solicited)
		t.r2ts[t.r2tCount] = r2t{tag: t.s.targetTag(), at: t.solicited, end: t.solicited + n}
		t.c.sendR2T(t, &t.r2ts[t.r2tCount])
		t.r2tCount++
		t.r2tSN++
		t.solicited += n
	}
}

// targetTag is a new target transfer tag. The caller holds s.mu.
func (s *session) targetTag() uint32 {
	if s.nextTTT++; s.nextTTT == noTag {
		s.nextTTT = 1
	}
	return s.nextTTT
}

// sendR2T queues a Ready To Transfer (RFC 7143 section 11.8).
func (c *conn) sendR2T(t *task, r *r2t) {
	var h header
	h.start(opR2T, flagFinal)
	h.setLUN(t.lun)
	h.setITT(t.itt)
	h.put32(20, r.tag)
	h.put32(36, t.r2tSN)
	h.put32(40, uint32(r.at))
	h.put32(44, uint32(r.end-r.at))
	c.sendUnnumbered(&h)
}
