package nbd

import (
	"time"

	"github.com/spurboot/spur/block"
)

// cachePiece is how much NBD_CMD_CACHE reads at a time.
const cachePiece = 1 << 20

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
	c.latencyOf(r).Observe(w.spent)
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
	w.c.out.add(queued{bytes: w.req.appendDone(b.b[:0], w.c.mode, e), buffer: b})
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
