package iscsi

import "fmt"

// receive reads one PDU. It returns the task that can run because of it, nil
// if there is none.
func (c *conn) receive() (*task, error) {
	if err := c.readHeader(); err != nil {
		return nil, err
	}
	return c.handle()
}

// handle takes in the PDU whose header was read.
func (c *conn) handle() (*task, error) {
	if c.s.target == nil && c.hdr.opcode() != opText && c.hdr.opcode() != opLogout && c.hdr.opcode() != opNOPOut {
		// Discovery sessions are for SendTargets (RFC 7143 section 4.3).
		return nil, c.refusePDU(rejectProtocol)
	}
	switch c.hdr.opcode() {
	case opSCSICommand:
		return c.command()
	case opDataOut:
		return c.dataOut()
	case opNOPOut:
		return c.nopOut()
	case opTaskMgmt, opLogout:
		t, err := c.task()
		if err != nil {
			return nil, err
		}
		t.refTag, t.refCmdSN = c.hdr.u32(20), c.hdr.u32(32)
		return c.order(t, c.readData(nil))
	case opText:
		return c.textRequest()
	case opLogin:
		return nil, c.protocolError("login in full feature phase")
	default:
		return nil, c.refusePDU(rejectUnsupported)
	}
}

// refusePDU answers a PDU with a Reject and goes on.
func (c *conn) refusePDU(reason byte) error {
	if err := c.readData(nil); err != nil {
		return err
	}
	c.reject(&c.hdr, reason)
	return nil
}

// task makes a task of the header, under its initiator task tag.
func (c *conn) task() (*task, error) {
	t := c.unregistered()
	if err := c.s.register(t); err != nil {
		return nil, c.protocolError("%v", err)
	}
	return t, nil
}

// unregistered makes a task of the header that nobody else sees yet.
func (c *conn) unregistered() *task {
	h := &c.hdr
	t := c.s.newTask()
	t.c, t.op, t.immediate, t.flags = c, h.opcode(), h.immediate(), h.flags()
	t.lun, t.itt, t.ttt, t.cmdSN = h.lun(), h.itt(), h.ttt(), h.cmdSN()
	return t
}

// order puts a task that is read into the session's order.
func (c *conn) order(t *task, err error) (*task, error) {
	if err != nil {
		return nil, err
	}
	run, reject := c.s.order(t)
	if reject != 0 {
		c.reject(&c.hdr, reject)
	}
	c.s.flushOthers(c)
	return run, nil
}

// nopOut takes in a NOP-Out: a ping, or the answer to ours
// (RFC 7143 section 11.18).
func (c *conn) nopOut() (*task, error) {
	if c.hdr.itt() == noTag {
		return nil, c.readData(nil)
	}
	return c.taskWithData(min(c.hdr.dataLen(), int(c.segment.Load())))
}

// textRequest takes in a Text Request (RFC 7143 section 11.10).
func (c *conn) textRequest() (*task, error) {
	n := c.hdr.dataLen()
	if n > maxText {
		return nil, c.protocolError("%d bytes of text", n)
	}
	return c.taskWithData(n)
}

// taskWithData takes in a PDU whose first n bytes of data its task needs.
func (c *conn) taskWithData(n int) (*task, error) {
	t, err := c.task()
	if err != nil {
		return nil, err
	}
	if t.buf = c.s.try(n); t.buf == nil {
		return nil, fmt.Errorf("no memory for %d bytes of a ping or of text beside what the initiator holds", n)
	}
	return c.order(t, c.readData(t.buf.b))
}
