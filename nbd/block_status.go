package nbd

import (
	"encoding/binary"
	"time"

	"github.com/spurboot/spur/block"
)

const (
	// maxDescriptors bounds a block status reply; the client asks again.
	maxDescriptors = 2048
	// maxStatusPayload is the most payload of a block status command, which
	// lists metadata contexts. We have one.
	maxStatusPayload = 1024
)

// status replies with the allocation of n bytes from off, or of its beginning.
func (w *worker) status(off, n int64) error {
	c, most := w.c, maxDescriptors
	if w.req.flags&cmdReqOne != 0 {
		most = 1
	}
	if err := w.find(off, n, most); err != nil {
		w.finish(errnoOf(err))
		return err
	}
	if w.payload != nil {
		c.drop(w.payload)
		w.payload = nil
	}
	b := c.buffer(extendedChunkSize + 8 + 16*len(w.found))
	if b == nil {
		w.finish(errNoMemory)
		return errNoBuffer
	}
	c.out.add(queued{bytes: w.req.appendStatus(b.b[:0], c.mode, w.found), buffer: b})
	if cap(w.found) > maxChunks { // no idle connection keeps as much for each worker
		w.found = nil
	}
	return nil
}

// find sets w.found to at most so many runs of the range, from its beginning.
func (w *worker) find(off, n int64, most int) error {
	defer w.since(time.Now())
	w.found, w.most, w.end = w.found[:0], most, off+n
	if err := w.c.dev.Extents(w.c.ctx, off, n, w.addFound); err != nil {
		return err
	}
	if len(w.found) == 0 {
		w.found = append(w.found, descriptor{length: n})
	}
	return nil
}

func (w *worker) add(e block.Extent) bool {
	var state uint32
	if e.Hole {
		state |= stateHole
	}
	if e.Zero {
		state |= stateZero
	}
	length := min(e.Length, w.end-e.Offset)
	if length <= 0 {
		return e.Offset < w.end
	}
	if last := len(w.found) - 1; last >= 0 && w.found[last].state == state {
		w.found[last].length += length
		return true
	}
	if len(w.found) == w.most {
		return false
	}
	w.found = append(w.found, descriptor{length, state})
	return true
}

// statusPayload decodes the payload of a block status command: the length that
// it is about, and the contexts to tell of.
func (w *worker) statusPayload() errno {
	r := &w.req
	if r.command != cmdBlockStatus || w.c.mode != extended || r.flags&cmdPayloadLen == 0 {
		return 0
	}
	if w.payload == nil {
		return errInvalid
	}
	p := w.payload.b[headroom : headroom+int(r.length)]
	if len(p) != 12 || binary.BigEndian.Uint32(p[8:]) != allocationID {
		return errInvalid
	}
	r.length = binary.BigEndian.Uint64(p)
	return 0
}
