package iscsi

// Bits of Data-In and of SCSI Response (RFC 7143 sections 11.4.1 and 11.7.2).
const (
	flagFinal     = 0x80
	flagOverflow  = 0x04
	flagUnderflow = 0x02
	flagStatus    = 0x01
)

// result is what a command's execution leaves for the answer.
type result struct {
	status   byte
	sense    [32]byte
	senseLen int
	// scsiLen is how many bytes the command would transfer, whatever the
	// initiator expects.
	scsiLen int
	sent    int     // bytes of Data-In that were sent
	last    *buffer // the end of the data, which goes with the status
	inSN    uint32
	burst   int // bytes since the last final bit
	failure error
}

// room is how many bytes the initiator expects from the target.
func (t *task) room() int {
	if t.flags&flagRead == 0 {
		return 0
	}
	return t.edtl
}

// put sends data of a read; the last of it is kept to go with the status.
// The buffer is put's from now on.
func (t *task) put(data *buffer) error {
	if t.last != nil {
		if err := t.sendLast(goesOn); err != nil {
			t.s.srv.pool.put(data)
			return err
		}
	}
	t.last = data
	return nil
}

// ending says what is behind a piece of Data-In.
type ending int

const (
	goesOn     ending = iota // more of it
	response                 // a SCSI Response
	withStatus               // nothing: it has the status
)

// sendLast sends what put kept.
func (t *task) sendLast(e ending) error {
	o := &t.c.out
	o.lock()
	defer o.unlock()
	if e == goesOn {
		if err := o.awaitRoom(); err != nil {
			return err
		}
	}
	data := t.last
	t.last = nil
	for p := data.b; len(p) > 0; {
		n := min(len(p), int(t.c.segment.Load()), t.s.p.maxBurst-t.burst)
		end := n == len(p)
		var held *buffer
		if end {
			held = data
		}
		next := goesOn
		if end {
			next = e
		}
		t.dataIn(p[:n], held, next)
		p = p[n:]
	}
	if e == goesOn { // goes out while more is read
		o.drain()
	}
	return nil
}

// dataIn queues one SCSI Data-In (RFC 7143 section 11.7).
func (t *task) dataIn(p []byte, held *buffer, e ending) {
	status := e == withStatus
	var h header
	h.start(opDataIn, 0)
	t.burst += len(p)
	if t.burst == t.s.p.maxBurst || e != goesOn {
		h[1] |= flagFinal
		t.burst = 0
	}
	h.setITT(t.itt)
	h.put32(20, noTag)
	if status {
		h[1] |= flagStatus
		h[3] = t.status
		t.residual(&h)
	}
	t.c.stamp(&h, status)
	if !status {
		h.put32(24, 0) // reserved
	}
	h.put32(36, t.inSN)
	h.put32(40, uint32(t.sent))
	t.c.out.add(&h, p, held)
	t.inSN++
	t.sent += len(p)
}

// residual says how far what the command transferred is from what the
// initiator expected (RFC 7143 section 11.4.5).
func (t *task) residual(h *header) {
	switch {
	case t.scsiLen > t.edtl:
		h[1] |= flagOverflow
		h.put32(44, uint32(t.scsiLen-t.edtl))
	case t.scsiLen < t.edtl:
		h[1] |= flagUnderflow
		h.put32(44, uint32(t.edtl-t.scsiLen))
	}
}

// answerCommand sends the status: with the last data where all went well, else
// by a SCSI Response (RFC 7143 section 11.4).
func (t *task) answerCommand() {
	if t.last != nil && t.senseLen == 0 {
		_ = t.sendLast(withStatus) // can't fail with the status
		return
	}
	if t.last != nil {
		_ = t.sendLast(response) // can't fail either
	}
	if t.status != statusGood && t.room() > 0 { // a part was read, perhaps
		t.scsiLen = t.sent
	}
	var h header
	h.start(opSCSIResponse, flagFinal)
	h[3] = t.status
	h.setITT(t.itt)
	t.residual(&h)
	h.put32(36, t.inSN+t.r2tSN)
	var data []byte
	if t.senseLen > 0 {
		data = appendSense(nil, t.sense[:t.senseLen])
	}
	t.c.send(&h, data, nil)
}
