package iscsi

import "encoding/binary"

// execute runs a SCSI command and answers it.
func (t *task) execute() {
	t.conclude(t.dispatch())
	if t.status != statusGood && t.last != nil && t.senseLen == 0 {
		t.s.srv.pool.put(t.last)
		t.last = nil
	}
	t.report()
	t.finish(t.answerCommand)
}

func (t *task) report() {
	h := &t.s.srv.Hooks
	if t.failure != nil && h.DeviceError != nil {
		h.DeviceError(&t.s.info, t.lun, t.cdb[0], t.failure)
	}
	if h.Command != nil {
		in := t.sent
		if t.last != nil {
			in += len(t.last.b)
		}
		h.Command(&t.s.info, t.lun, t.cdb[0], t.status, in, min(t.received, t.want))
	}
}

// dispatch finds the command and does it, after the checks that come before
// any command (SAM-5 section 5.14, SPC-4 section 5.9).
func (t *task) dispatch() error {
	c := t.s.srv.commands.find(&t.cdb)
	n := t.nexus
	switch {
	case t.short:
		return errBusy
	case n == nil && (c == nil || c.access&withoutUnit == 0):
		return fails(senseLUN)
	case n == nil:
		return c.run(t)
	}
	if c == nil || c.access&withoutAttention == 0 {
		if code := n.takeAttention(); code != senseNone {
			return fails(code)
		}
	}
	switch {
	case t.broken:
		return fails(senseProtocol)
	case c == nil || t.longCDB || t.cdb[0] == opPersistIn && c.run == nil:
		if t.s.srv.commands.known(t.cdb[0]) && !t.longCDB {
			return invalidCDB(1) // the service action
		}
		return fails(senseOpcode)
	case t.control(c)&0x04 != 0: // NACA, which INQUIRY says isn't there
		return invalidCDB(c.length() - 1)
	case t.takesWrongly(c):
		return errDirection
	case n.unit.conflicts(n, c.access):
		return errConflict
	case c.access&needsMedium != 0 && (n.unit.isEjected() || n.unit.blocks() == 0):
		return fails(senseNoMedium)
	}
	return c.run(t)
}

func (t *task) control(c *command) byte { return t.cdb[c.length()-1] }

func (t *task) descriptorSense() bool {
	if t.nexus == nil {
		return false
	}
	t.nexus.unit.mu.Lock()
	defer t.nexus.unit.mu.Unlock()
	return t.nexus.unit.mode.descriptorSense
}

// dataNeeded is how many bytes the command takes from the initiator.
func (t *task) dataNeeded() int {
	c := t.s.srv.commands.find(&t.cdb)
	if c == nil || c.needs == nil || t.nexus == nil {
		return 0
	}
	if n := c.needs(t); n <= t.s.srv.bounds.MaxTransfer {
		return n
	}
	return 0
}

// data is what arrived of the data the command takes.
func (t *task) data() []byte {
	if t.buf == nil {
		return nil
	}
	return t.buf.b[:min(t.received, t.want)]
}

// parameters returns a parameter list that must be whole.
func (t *task) parameters(n int) ([]byte, error) {
	t.scsiLen = n
	if len(t.data()) < n {
		return nil, fails(senseParameterLength)
	}
	return t.data()[:n], nil
}

// exactly returns data of which the initiator must send n bytes, no more and
// no less: a command that compares or repeats its data can't do with a part.
func (t *task) exactly(n int) ([]byte, error) {
	t.scsiLen = n
	if t.edtl != n || len(t.data()) != n {
		return nil, invalidCDB(t.countField())
	}
	return t.data(), nil
}

// give sends parameter data as far as the allocation length and the initiator
// let it.
func (t *task) give(p []byte, allocation int) error {
	p = p[:min(len(p), allocation)]
	if t.givesWrongly() {
		return nil
	}
	t.scsiLen = len(p)
	p = p[:min(len(p), t.room())]
	if len(p) == 0 {
		return nil
	}
	b, err := t.spaceToGive(len(p))
	if err != nil {
		return err
	}
	copy(b.b, p)
	return t.put(b)
}

// Fields of command descriptor blocks.
func (t *task) u16(at int) int    { return int(binary.BigEndian.Uint16(t.cdb[at:])) }
func (t *task) u24(at int) int    { return int(t.cdb[at])<<16 | t.u16(at+1) }
func (t *task) u32(at int) uint64 { return uint64(binary.BigEndian.Uint32(t.cdb[at:])) }

// address16 is the address in a CDB of 16 bytes.
func (t *task) address16() uint64 { return binary.BigEndian.Uint64(t.cdb[2:]) }

// medium returns the blocks that the command is about, by the length of its
// CDB (SPC-4 section 4.2.2).
func (t *task) medium() (lba, count uint64) {
	switch t.cdb[0] >> 5 {
	case 0:
		lba, count = uint64(t.u24(1))&0x1fffff, uint64(t.cdb[4])
		if count == 0 {
			count = 256 // SBC-3 sections 5.10 and 5.31
		}
		return lba, count
	case 1, 2:
		return t.u32(2), uint64(t.u16(7))
	case 5:
		return t.u32(2), t.u32(6)
	default:
		return t.address16(), t.u32(10)
	}
}
