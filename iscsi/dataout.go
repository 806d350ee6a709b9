package iscsi

import (
	"errors"
	"fmt"
)

// dataOutState is what a task knows of the data from the initiator.
type dataOutState struct {
	buf      *buffer
	want     int // bytes that the command takes, and the initiator has
	received int
	claimed  int  // of the session's write memory
	short    bool // there is no memory for it: it ends with BUSY
	// unsolicited: Data-Outs without an R2T are still to come.
	unsolicited bool
	dataSN      uint32
	broken      bool // DataSN was wrong
	solicited   int  // how far R2Ts were sent
	r2tSN       uint32
	r2ts        [maxR2T]r2t // those outstanding, oldest first
	r2tCount    int
}

// expectData prepares for the data of a command of which immediate bytes come
// with it (RFC 7143 sections 4.2.5.2, 11.3.1 and 13.10 to 13.14).
func (t *task) expectData(immediate int, final bool) error {
	p := &t.s.p
	writes := t.scsi.Writes
	limit := min(t.scsi.Expected, p.firstBurst)
	switch {
	case immediate > 0 && (!writes || !p.immediateData):
		return errors.New("immediate data that wasn't agreed")
	case immediate > limit:
		return fmt.Errorf("%d bytes of immediate data, at most %d are agreed", immediate, limit)
	case !final && (!writes || p.initialR2T):
		return errors.New("unsolicited data that wasn't agreed")
	}
	t.unsolicited = !final
	if writes {
		t.want = min(t.nexus.DataOut(&t.scsi), t.scsi.Expected)
	}
	t.received = immediate
	t.reserve()
	t.complete = t.hasAll()
	return nil
}

// hasAll says whether nothing of the data is still to come.
func (t *task) hasAll() bool { return !t.unsolicited && (t.received >= t.want || t.short) }

// dataArrived is what has come of the data that the command takes.
func (t *task) dataArrived() []byte {
	if t.buf == nil {
		return nil
	}
	return t.buf.b[:min(t.received, t.want)]
}

// spaceFrom is where the data from the at-th byte on go.
func (t *task) spaceFrom(at int) []byte {
	if t.buf == nil {
		return nil
	}
	return t.buf.b[min(at, len(t.buf.b)):]
}

// dataOut takes in a SCSI Data-Out (RFC 7143 section 11.7). It returns the
// task if that was the last that it waited for.
func (c *conn) dataOut() (*task, error) {
	s := c.s
	s.mu.Lock()
	t := s.tasks[c.hdr.itt()]
	if t == nil || t.op != opSCSICommand || t.aborted {
		s.mu.Unlock()
		return nil, c.readData(nil) // of a task that was aborted
	}
	at, err := t.place(c)
	if err != nil {
		s.mu.Unlock()
		return nil, c.protocolError("%v", err)
	}
	t.receiving = true
	s.mu.Unlock()
	if err := c.readData(t.spaceFrom(at)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	t.receiving = false
	t = t.arrived(&c.hdr)
	s.mu.Unlock()
	s.flushOthers(c)
	return t, nil
}

// place checks where a Data-Out belongs.
func (t *task) place(c *conn) (int, error) {
	h := &c.hdr
	n, at, sn := h.dataLen(), int(h.u32(40)), h.u32(36)
	expected, end, wantSN := t.received, min(t.scsi.Expected, t.s.p.firstBurst), t.dataSN
	solicited := h.ttt() != noTag
	if solicited {
		if t.r2tCount == 0 || t.r2ts[0].tag != h.ttt() {
			return 0, fmt.Errorf("data for an R2T %#x that isn't outstanding", h.ttt())
		}
		r := &t.r2ts[0]
		expected, end, wantSN = r.at, r.end, r.dataSN
	} else if !t.unsolicited {
		return 0, errors.New("data that nobody asked for")
	}
	switch {
	case t.c != c:
		return 0, errors.New("data on another connection than its command")
	case at != expected || n > end-at:
		return 0, fmt.Errorf("%d bytes at %d where %d to %d are expected", n, at, expected, end)
	case solicited && h.final() != (at+n == end):
		return 0, errors.New("the final bit is not at the end of the sequence")
	}
	// A wrong number means lost data, perhaps: the command fails when all that
	// is announced is here (RFC 7143 section 7.9).
	t.broken = t.broken || sn != wantSN
	return at, nil
}

// arrived counts the Data-Out that was read; the caller holds s.mu.
func (t *task) arrived(h *header) *task {
	t.received += h.dataLen()
	if h.ttt() == noTag {
		t.dataSN++
		t.unsolicited = !h.final()
	} else {
		t.r2ts[0].dataSN++
		t.r2ts[0].at += h.dataLen()
		if h.final() {
			copy(t.r2ts[:], t.r2ts[1:t.r2tCount])
			t.r2tCount--
		}
	}
	if t.aborted {
		if t.state == admitted {
			t.s.discard(t)
		}
		return nil
	}
	t.complete = t.hasAll()
	switch {
	case t.complete || t.state != admitted || t.unsolicited:
	case h.ttt() == noTag:
		t.needMore()
	case h.final():
		t.solicit()
	}
	return t.ifReady()
}
