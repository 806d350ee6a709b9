package fetch

import (
	"context"
	"errors"
	"io"
	"sync"
)

const (
	firstWindow = 1 << 20  // bytes asked for by a read out of order
	lastWindow  = 64 << 20 // and by each request once the reads go on in order
)

// errBusy says that as many requests of this kind run as may.
var errBusy = errors.New("too many reads ahead")

// rangeReader reads an upstream file by requests of one reader, without the
// disk: one answer after the other, each for a window that grows while the
// reads follow each other. Every answer is checked to be of the same version.
type rangeReader struct {
	ctx   context.Context
	up    *upstream
	e     *entry
	slots chan struct{} // a place for each that runs beside a download

	mu      sync.Mutex
	body    io.ReadCloser // at pos; nil: none
	pos     int64
	end     int64 // of body; 0: the file's
	window  int64
	hasSlot bool // has a place in slots
	closed  bool
}

// at says whether the next byte of a running request is the one at off.
func (d *rangeReader) at(off int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.body != nil && d.pos == off
}

// read reads at least one byte at off, or fails.
func (d *rangeReader) read(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if size := d.e.v.size; size >= 0 && off >= size {
		return 0, io.EOF
	}
	for try := 1; ; try++ {
		n, err := d.readOnce(p, off)
		if n > 0 {
			return n, nil
		}
		if err == nil || err == io.EOF && d.e.v.size < 0 || errors.Is(err, errBusy) {
			return 0, err
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		d.reset()
		if try == maxTries || !retryable(err) || d.ctx.Err() != nil || d.closed {
			return 0, err
		}
		if err := backOff(d.ctx, try); err != nil {
			return 0, err
		}
	}
}

func (d *rangeReader) readOnce(p []byte, off int64) (int, error) {
	if d.body == nil || d.pos != off || d.end > 0 && d.pos == d.end {
		if err := d.ask(off); err != nil {
			return 0, err
		}
	}
	n, err := d.body.Read(p)
	d.pos += int64(n)
	return n, err
}

// ask begins an answer at off. The first byte of a file that isn't kept is
// asked for with all that follow, which also servers without ranges can do.
func (d *rangeReader) ask(off int64) error {
	if d.closed {
		return context.Canceled
	}
	inOrder := d.window > 0 && d.pos == off
	d.reset()
	if d.e.disk != nil && !d.hasSlot {
		select {
		case d.slots <- struct{}{}:
			d.hasSlot = true
		default:
			return errBusy
		}
	}
	d.window = nextWindow(d.window, inOrder)
	d.pos, d.end = off, 0
	if size := d.e.v.size; off > 0 && off+d.window < size {
		d.end = off + d.window
	}
	body, err := d.up.getRest(d.ctx, d.e.url, d.e.v, off, d.end)
	if err != nil {
		return err
	}
	d.body = body
	return nil
}

func nextWindow(window int64, inOrder bool) int64 {
	if !inOrder {
		return firstWindow
	}
	return min(window*4, lastWindow)
}

// reset ends the running answer.
func (d *rangeReader) reset() {
	if d.body != nil {
		d.body.Close()
		d.body = nil
	}
}

// release ends the running answer of a reader that goes on from the disk.
func (d *rangeReader) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reset()
	d.window = 0
	if d.hasSlot {
		<-d.slots
		d.hasSlot = false
	}
}

// close is release for good. The context has ended, so that it doesn't wait
// long.
func (d *rangeReader) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.release()
}
