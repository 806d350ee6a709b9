package iscsi

import (
	"time"

	"github.com/spurboot/spur/block/scsi"
)

// memoryTime is how long a command waits for memory before the initiator is told
// to try again.
const memoryTime = 10 * time.Second

// try returns memory for n bytes, or nil if the session can't have it now.
func (s *session) try(n int) *buffer { return s.srv.pool.try(s.memory, n) }

// Space implements scsi.Transport. While it waits for memory the task holds none,
// for all may wait for each other otherwise: what it has read goes out.
func (t *task) Space(n int) ([]byte, error) {
	t.s.srv.pool.put(t.space)
	if t.space = t.s.try(n); t.space == nil {
		if err := t.waitForSpace(n); err != nil {
			return nil, err
		}
		t.space = t.s.srv.pool.get(t.s.memory, n)
	}
	return t.space.b, nil
}

func (t *task) waitForSpace(n int) error {
	if t.last != nil {
		if err := t.sendLast(goesOn); err != nil {
			return scsi.ErrAborted
		}
	}
	t.c.out.flush()
	err := t.s.memory.Take(bufferSize(n), memoryTime, t.nexus.context().Done())
	switch {
	case err == nil:
		return nil
	case t.sent > 0:
		return scsi.ErrAborted
	}
	return scsi.ErrBusy
}

// Send implements scsi.Transport. The last of the data is kept, to go with the
// status.
func (t *task) Send() error {
	if t.last != nil {
		if err := t.sendLast(goesOn); err != nil {
			return scsi.ErrAborted
		}
	}
	t.last, t.space = t.space, nil
	return nil
}

// Scratch implements scsi.Transport.
func (t *task) Scratch(n int) []byte {
	t.s.srv.pool.put(t.scratch)
	if t.scratch = t.s.try(n); t.scratch == nil {
		return nil
	}
	return t.scratch.b
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
