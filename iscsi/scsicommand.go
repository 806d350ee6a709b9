package iscsi

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block/scsi"
)

// Bits of SCSI Command that say in which direction data go
// (RFC 7143 section 11.3.1).
const (
	flagRead  = 0x40
	flagWrite = 0x20
)

// command takes in a SCSI Command with its immediate data
// (RFC 7143 section 11.3).
func (c *conn) command() (*task, error) {
	t, h := c.unregistered(), &c.hdr
	t.attribute = attribute(h.flags() & 7)
	t.nexus = c.s.nexus(t.lun)
	t.scsi.Expected, t.scsi.Transport = int(h.u32(20)), t
	t.scsi.Reads, t.scsi.Writes = t.flags&flagRead != 0, t.flags&flagWrite != 0
	copy(t.scsi.CDB[:], h[32:48])
	err := t.readAHS(c.ahs[:h.ahsLen()])
	if err == nil {
		err = t.checkDirection()
	}
	if err != nil {
		c.reject(h, rejectInvalidField)
		return nil, err
	}
	if err := t.expectData(h.dataLen(), h.final()); err != nil {
		return nil, c.protocolError("%v", err)
	}
	if err := c.s.register(t); err != nil {
		t.freeBuffers()
		return nil, c.protocolError("%v", err)
	}
	return c.order(t, c.readData(t.spaceFrom(0)))
}

// checkDirection refuses flags and a length that contradict each other: a format
// error, after which a session isn't to go on (RFC 7143 section 7.6). No command
// of ours moves data both ways.
func (t *task) checkDirection() error {
	switch n := t.scsi.Expected; {
	case n == 0:
		return nil
	case !t.scsi.Reads && !t.scsi.Writes:
		return fmt.Errorf("format error: a SCSI command that expects %d bytes in no direction", n)
	case t.scsi.Reads && t.scsi.Writes:
		return errors.New("format error: a SCSI command with data in both directions, which no command here has")
	}
	return nil
}

// Types of additional header segments (RFC 7143 section 11.2.2.1).
const (
	ahsLongCDB       = 1
	ahsBidirectional = 2
)

// variableLength is the operation code of CDBs that are longer than 16 bytes. No
// such command is known.
const variableLength = 0x7f

// readAHS reads the additional header segments.
func (t *task) readAHS(ahs []byte) error {
	for len(ahs) > 0 {
		n := int(binary.BigEndian.Uint16(ahs))
		n += 3
		if n += pad(n); n > len(ahs) {
			return errors.New("format error: an additional header segment that is longer than all of them")
		}
		switch ahs[2] {
		case ahsLongCDB:
			t.scsi.CDB[0] = variableLength
		case ahsBidirectional:
			return errors.New("format error: a bidirectional SCSI command, which none is here")
		}
		ahs = ahs[n:]
	}
	return nil
}

// execute carries out a SCSI command and answers it.
func (t *task) execute() {
	n, c := t.nexus, &t.scsi
	c.Out = t.dataArrived()
	switch {
	case t.short:
		n.Fail(c, scsi.ErrBusy)
	case t.broken:
		n.Fail(c, scsi.ErrProtocol)
	default:
		n.Execute(n.context(), c)
	}
	if c.Status != scsi.Good && c.Status != scsi.CheckCondition {
		t.s.srv.pool.put(t.last) // a status without sense data goes without data
		t.last = nil
	}
	t.report()
	t.finish(t.answerCommand)
}

// report tells the hooks of a command.
func (t *task) report() {
	h, code := &t.s.srv.Hooks, t.scsi.CDB[0]
	if t.scsi.Failure != nil && h.DeviceError != nil {
		h.DeviceError(&t.s.info, t.lun, code, t.scsi.Failure)
	}
	if h.Command == nil {
		return
	}
	in := t.sent
	if t.last != nil {
		in += len(t.last.b)
	}
	h.Command(&t.s.info, t.lun, code, byte(t.scsi.Status), in, min(t.received, t.want))
}
