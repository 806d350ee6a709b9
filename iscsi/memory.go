package iscsi

import (
	"errors"
	"time"
)

// memoryTime is how long a command waits for memory before the initiator is told
// to try again.
const memoryTime = 10 * time.Second

// errBusy is a command's end with BUSY: other commands hold the memory that it
// needs. The initiator sends it again (SAM-5 section 5.3.1).
var errBusy = errors.New("busy")

// try returns memory for n bytes, or nil if the session can't have it now.
func (s *session) try(n int) *buffer { return s.srv.pool.try(s.memory, n) }

// spaceToGive returns memory for n bytes of data for the initiator, and waits for it if
// it must. Meanwhile the task holds none, for all may wait for each other
// otherwise: what it has read goes out.
func (t *task) spaceToGive(n int) (*buffer, error) {
	if b := t.s.try(n); b != nil {
		return b, nil
	}
	if t.last != nil {
		if err := t.sendLast(goesOn); err != nil {
			return nil, fails(senseAborted)
		}
	}
	t.c.out.flush()
	stop := t.s.ctx.Done()
	if t.nexus != nil {
		stop = t.ctx().Done()
	}
	if err := t.s.memory.Take(bufferSize(n), memoryTime, stop); err != nil {
		if t.sent > 0 {
			return nil, fails(senseAborted)
		}
		return nil, errBusy
	}
	return t.s.srv.pool.get(t.s.memory, n), nil
}

// holdText takes n bytes more for the text of an exchange, if there are any.
func (c *conn) holdText(n int) bool {
	if !c.s.memory.Try(n) {
		return false
	}
	c.textHeld += n
	return true
}

// dropText ends an exchange. The caller holds textMu, or nobody else is there.
func (c *conn) dropText() {
	c.text, c.reply = nil, nil
	c.s.memory.Give(c.textHeld)
	c.textHeld = 0
}
