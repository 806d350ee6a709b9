package iscsi

import (
	"encoding/binary"

	"github.com/spurboot/spur/block/scsi"
)

// Bits of Data-In and of SCSI Response (RFC 7143 sections 11.4.1 and 11.7.2).
const (
	flagFinal     = 0x80
	flagOverflow  = 0x04
	flagUnderflow = 0x02
	flagStatus    = 0x01
)

// dataInState is what a task knows of the data for the initiator.
type dataInState struct {
	sent  int     // bytes of Data-In that were sent
	last  *buffer // the end of the data, which goes with the status
	space *buffer // what the command fills
	// scratch is memory of the command's own.
	scratch *buffer
	inSN    uint32
	burst   int // bytes since the last final bit
}

// behind says what comes behind a piece of Data-In.
type behind int

const (
	goesOn     behind = iota // more of it
	response                 // a SCSI Response
	withStatus               // nothing: it has the status
)

// sendLast sends what put kept.
func (t *task) sendLast(e behind) error {
	o := &t.c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if e == goesOn {
		if err := o.awaitRoom(); err != nil {
			return err
		}
	}
	data := t.last
	t.last = nil
	for p := data.b; len(p) > 0; {
		n := min(len(p), int(t.c.segment.Load()), t.s.p.maxBurst-t.burst)
		held, next := (*buffer)(nil), goesOn
		if n == len(p) {
			held, next = data, e
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
func (t *task) dataIn(p []byte, held *buffer, e behind) {
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
		h[3] = byte(t.scsi.Status)
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
	case t.scsi.Length > t.scsi.Expected:
		h[1] |= flagOverflow
		h.put32(44, uint32(t.scsi.Length-t.scsi.Expected))
	case t.scsi.Length < t.scsi.Expected:
		h[1] |= flagUnderflow
		h.put32(44, uint32(t.scsi.Expected-t.scsi.Length))
	}
}

// answerCommand sends the status: with the last data where all went well, else
// by a SCSI Response (RFC 7143 section 11.4).
func (t *task) answerCommand() {
	sense := t.scsi.Sense()
	if t.last != nil && len(sense) == 0 {
		_ = t.sendLast(withStatus) // can't fail with the status
		return
	}
	if t.last != nil {
		_ = t.sendLast(response) // can't fail either
	}
	if t.scsi.Status != scsi.Good && t.scsi.Reads { // a part was read, perhaps
		t.scsi.Length = t.sent
	}
	var h header
	h.start(opSCSIResponse, flagFinal)
	h[3] = byte(t.scsi.Status)
	h.setITT(t.itt)
	t.residual(&h)
	h.put32(36, t.inSN+t.r2tSN)
	var data []byte
	if len(sense) > 0 {
		data = appendSense(nil, sense)
	}
	t.c.send(&h, data, nil)
}

// appendSense appends the data segment of a SCSI Response: sense data with its
// length (RFC 7143 section 11.4.7.2).
func appendSense(p, sense []byte) []byte {
	p = binary.BigEndian.AppendUint16(p, uint16(len(sense)))
	return append(p, sense...)
}
