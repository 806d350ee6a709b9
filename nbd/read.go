package nbd

import (
	"errors"
	"time"
)

const (
	// sparseRead is the length, in bytes, from which a read asks where the
	// device has zeros, to send none.
	sparseRead = 64 << 10
	// splicedRead is the length, in bytes, from which a read is sent from the
	// file by splice(2), where the device has one.
	splicedRead = 32 << 10
	// smallHole is the shortest run of zeros worth a chunk of its own.
	smallHole = 4096
	// maxChunks bounds the chunks of a read.
	maxChunks = 128
	// sparseHeaders is the most bytes that they have besides the data.
	sparseHeaders = (maxChunks + 1) * (extendedChunkSize + 8 + 4)
)

// read replies with data; from sparseRead on without the zeros.
func (w *worker) read(off int64, n int) error {
	c, r := w.c, &w.req
	if c.mode != simple && n >= sparseRead && c.caps.Extents && r.flags&cmdDF == 0 {
		if err := w.find(off, int64(n), maxChunks); err == nil && w.hasHoles() {
			return w.readSparse(off, int64(n))
		}
	}
	if n >= splicedRead && c.inFile != nil && w.readPiped(off, n) {
		return nil
	}
	b := c.buffer(n)
	if b == nil {
		w.finish(errNoMemory)
		return errNoBuffer
	}
	if err := w.fill(b.b[headroom:headroom+n], off); err != nil {
		w.payload = b
		w.finish(errnoOf(err))
		return err
	}
	start := headroom - c.mode.dataHeaderSize()
	r.appendData(b.b[start:start], c.mode, chunkDone, off, int64(n))
	c.out.add(queued{bytes: b.b[start : headroom+n], buffer: b})
	return nil
}

// errNoBuffer is that other commands hold the memory for too long.
var errNoBuffer = errors.New("no memory for the command: others hold it; Bounds.TotalMemory is too small for so many clients")

// readPiped replies with pages of the device's file, if that can be done. Else the
// data have to be read, or it has to be found out why they can't.
func (w *worker) readPiped(off int64, n int) bool {
	c, cost := w.c, chargeFor(0)+n
	if !c.memory.Try(cost) {
		return false
	}
	p := w.fillPipe(off, n)
	if p == nil {
		c.memory.Give(cost)
		return false
	}
	b := c.server.buffers.get(0)
	head := w.req.appendData(b.b[:0], c.mode, chunkDone, off, int64(n))
	c.out.add(queued{bytes: head, buffer: b, pipe: p, piped: n})
	return true
}

// fillPipe returns a pipe with the data of a read, or nil.
func (w *worker) fillPipe(off int64, n int) *pipe {
	fd, at, ok := w.c.inFile.InFile(off, int64(n))
	if !ok {
		return nil
	}
	defer w.since(time.Now())
	p := w.c.t.pipe(n)
	if p != nil && p.fill(fd, at, n) != nil {
		w.c.t.takeBack(p)
		return nil
	}
	return p
}

// fill reads from the device.
func (w *worker) fill(p []byte, off int64) error {
	defer w.since(time.Now())
	return w.c.dev.Read(w.c.ctx, p, off)
}

func (w *worker) hasHoles() bool {
	for _, d := range w.found {
		if d.state&stateZero != 0 && d.length >= smallHole {
			return true
		}
	}
	return false
}

// readSparse replies with a chunk for each run of data and of zeros.
func (w *worker) readSparse(off, n int64) error {
	c, r := w.c, &w.req
	size, last := 0, off+n
	pos := off
	for i := range w.found {
		d := &w.found[i]
		if d.state&stateZero != 0 && d.length < smallHole {
			d.state = 0
		}
		if size += c.mode.holeSize(); d.state&stateZero == 0 {
			size += int(d.length)
		}
		pos += d.length
	}
	if pos < last { // there was more than maxChunks
		w.found = append(w.found, descriptor{length: last - pos})
		size += c.mode.holeSize() + int(last-pos)
	}
	b := c.buffer(size)
	if b == nil {
		w.finish(errNoMemory)
		return errNoBuffer
	}
	out := b.b[:0]
	pos = off
	for _, d := range w.found {
		var flags uint16
		if pos+d.length == last {
			flags = chunkDone
		}
		if d.state&stateZero != 0 {
			out = r.appendHole(out, c.mode, flags, pos, d.length)
		} else {
			out = r.appendData(out, c.mode, flags, pos, d.length)
			at := len(out)
			out = out[:at+int(d.length)]
			if err := w.fill(out[at:], pos); err != nil {
				w.payload = b
				w.finish(errnoOf(err))
				return err
			}
		}
		pos += d.length
	}
	c.out.add(queued{bytes: out, buffer: b})
	return nil
}
