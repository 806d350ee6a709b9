package nbd

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/spurboot/spur/block"
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
	// maxDescriptors bounds a block status reply; the client asks again.
	maxDescriptors = 2048
	// maxStatusPayload is the most payload of a block status command, which
	// lists metadata contexts. We have one.
	maxStatusPayload = 1024
	// cachePiece is how much NBD_CMD_CACHE reads at a time.
	cachePiece = 1 << 20
)

// worker carries out one request after the other. What it needs is made once.
type worker struct {
	c       *conn
	req     request
	payload *buffer // of the request
	refused errno   // known when the request was read

	spent time.Duration // by the device for the request

	found    []descriptor
	end      int64 // of the range that is asked about
	most     int   // descriptors
	addFound func(block.Extent) bool
}

func newWorker(c *conn) *worker {
	w := &worker{c: c}
	w.addFound = w.add
	return w
}

// carryOut does what is asked and replies.
func (w *worker) carryOut() {
	c, r := w.c, &w.req
	w.spent = 0
	e, err := w.do()
	c.latency.took(r, w.spent)
	if c.server.Hooks.Command != nil {
		c.server.Hooks.Command(c.session, Command{Name: commandName(r.command), Offset: r.offset, Length: r.length,
			Duration: w.spent, Number: uint32(e), Err: err})
	}
}

// since adds the time from start to that of the device.
func (w *worker) since(start time.Time) { w.spent += time.Since(start) }

// do carries the request out and returns what was replied.
func (w *worker) do() (errno, error) {
	c, r := w.c, &w.req
	e := w.refused
	if e == 0 {
		e = w.statusPayload()
	}
	if e == 0 {
		e = r.check(c.mode, c.dev.Size(), c.ro, c.bounds.MaxPayload)
	}
	if e != 0 {
		w.finish(e)
		return e, nil
	}
	var err error
	switch off, n := int64(r.offset), int64(r.length); {
	case r.command == cmdRead && n > 0:
		err = w.read(off, int(n))
	case r.command == cmdBlockStatus && n > 0 && c.meta:
		err = w.status(off, n)
	default:
		e, err = w.plain(off, n)
		w.finish(e)
		return e, err
	}
	return errnoOf(err), err
}

// plain carries out a command whose reply has no data.
func (w *worker) plain(off, n int64) (errno, error) {
	c, r := w.c, &w.req
	defer w.since(time.Now())
	var err error
	switch r.command {
	case cmdRead: // of nothing
	case cmdWrite:
		if n > 0 {
			err = c.dev.Write(c.ctx, w.payload.b[headroom:headroom+n], off, r.writeFlags())
		}
	case cmdFlush:
		err = c.dev.Flush(c.ctx)
	case cmdTrim:
		err = w.trim(off, n)
	case cmdCache:
		err = w.cache(off, n)
	case cmdWriteZeroes:
		if r.flags&cmdFastZero != 0 && !c.caps.Zero {
			return errNotSupported, nil
		}
		err = c.dev.Zero(c.ctx, off, n, r.zeroFlags())
	default:
		return errInvalid, nil
	}
	return errnoOf(err), err
}

func (r *request) writeFlags() block.WriteFlags {
	if r.flags&cmdFUA != 0 {
		return block.FUA
	}
	return 0
}

func (r *request) zeroFlags() (f block.ZeroFlags) {
	if r.flags&cmdNoHole != 0 {
		f |= block.NoHole
	}
	if r.flags&cmdFUA != 0 {
		f |= block.ZeroFUA
	}
	return f
}

// finish replies without data, in the buffer of the payload if there is one.
func (w *worker) finish(e errno) {
	b := w.payload
	w.payload = nil
	if b == nil {
		b = w.c.buffer(0)
	}
	if b == nil { // the client takes no replies, or the server stops
		w.c.t.cut()
		return
	}
	w.c.out.post(letter{bytes: w.req.appendDone(b.b[:0], w.c.mode, e), buffer: b})
}

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
	c.out.post(letter{bytes: b.b[start : headroom+n], buffer: b})
	return nil
}

// errNoBuffer is that other commands hold the memory for too long.
var errNoBuffer = errors.New("no memory for the command: others hold it; Bounds.TotalMemory is too small for so many clients")

// readPiped replies with pages of the device's file, if that can be done.
func (w *worker) readPiped(off int64, n int) bool {
	c := w.c
	if !c.memory.Try(chargeFor(0) + n) {
		return false
	}
	p := w.inPipe(off, n)
	if p == nil {
		c.memory.Give(chargeFor(0) + n)
		return false
	}
	b := c.server.buffers.get(0)
	head := w.req.appendData(b.b[:0], c.mode, chunkDone, off, int64(n))
	c.out.post(letter{bytes: head, buffer: b, pipe: p, piped: n})
	return true
}

// inPipe returns a pipe with the data of a read, or nil: then they have to be
// read, or it has to be found out why they can't.
func (w *worker) inPipe(off int64, n int) *pipe {
	fd, at, ok := w.c.inFile.InFile(off, int64(n))
	if !ok {
		return nil
	}
	p := w.c.t.pipe(n)
	if p == nil {
		return nil
	}
	defer w.since(time.Now())
	if err := p.fill(fd, at, n); err != nil {
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
	c.out.post(letter{bytes: out, buffer: b})
	return nil
}

func (w *worker) trim(off, n int64) error {
	err := w.c.dev.Trim(w.c.ctx, off, n)
	if err == nil && w.req.flags&cmdFUA != 0 {
		err = w.c.dev.Flush(w.c.ctx)
	}
	return err
}

// cache reads what the client will read soon, so that the layers below have it.
func (w *worker) cache(off, n int64) error {
	b := w.c.buffer(cachePiece)
	if b == nil {
		return errNoBuffer
	}
	defer w.c.drop(b)
	for n > 0 {
		piece := min(n, cachePiece)
		if err := w.c.dev.Read(w.c.ctx, b.b[:piece], off); err != nil {
			return err
		}
		off, n = off+piece, n-piece
	}
	return nil
}

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
	c.out.post(letter{bytes: w.req.appendStatus(b.b[:0], c.mode, w.found), buffer: b})
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
