package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

const (
	copySize = 256 << 10 // bytes between two looks of the readers
	growStep = 16 << 20  // reserved at once by a file of unknown size
	maxTries = 5         // requests in a row that brought nothing
)

// download brings the whole of e to disk, beginning with the body of the first
// answer, and going on where an answer breaks. It owns e.disk and body.
func (c *Cache) download(ctx context.Context, e *entry, body io.ReadCloser) {
	err := c.pull(ctx, e, body)
	if cerr := e.disk.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("%w: %w", errDisk, cerr)
	}
	if err != nil && c.ctx.Err() != nil {
		err = ErrClosed
	}
	if err != nil {
		err = fail(e.url, err)
	}
	e.finish(err)
	c.downloaded(e, err)
}

func (c *Cache) pull(ctx context.Context, e *entry, body io.ReadCloser) error {
	tries := 0
	for {
		before, _, _ := e.state()
		var err error
		if body != nil {
			err = c.appendBody(e, body)
			body = nil
		}
		have, _, _ := e.state()
		if err == nil && (e.v.size < 0 || have == e.v.size) {
			return nil
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		if have > before {
			tries = 0
		}
		for body == nil {
			if tries++; tries > maxTries || !retryable(err) || ctx.Err() != nil {
				return broken(err, have, e.v.size)
			}
			if werr := backOff(ctx, tries); werr != nil {
				return werr
			}
			var rerr error
			if body, rerr = c.up.getRest(ctx, e.url, e.v, have, 0); rerr != nil {
				body, err = nil, firstCause(rerr, err)
			}
		}
	}
}

// appendBody copies an answer's body to the end of what e has, and closes it.
func (c *Cache) appendBody(e *entry, body io.ReadCloser) error {
	defer body.Close()
	have, _, _ := e.state()
	buf := make([]byte, copySize)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if e.v.size >= 0 && have+int64(n) > e.v.size {
				return ErrChanged
			}
			if !c.grow(e, have+int64(n)) {
				return c.tooBig()
			}
			if _, werr := e.disk.WriteAt(buf[:n], have); werr != nil {
				return fmt.Errorf("%w: %w", errDisk, werr)
			}
			have += int64(n)
			e.grow(int64(n))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// retryable says whether asking for the rest may help after err.
func retryable(err error) bool {
	for _, final := range []error{ErrChanged, ErrTooBig, errDisk, errUnmarked, ErrNoParts, context.Canceled} {
		if errors.Is(err, final) {
			return false
		}
	}
	var answered *Error
	if errors.As(err, &answered) && answered.Status != 0 {
		return errors.Is(err, errServer)
	}
	return true
}

// firstCause keeps the first cause where the rest can't be asked for at all.
func firstCause(later, first error) error {
	if errors.Is(later, errUnmarked) {
		return fmt.Errorf("%w (%w)", first, errUnmarked)
	}
	return later
}

func broken(err error, have, size int64) error {
	if size < 0 {
		return fmt.Errorf("download broke after %d bytes: %w", have, err)
	}
	return fmt.Errorf("download broke after %d of %d bytes: %w", have, size, err)
}

// backOff waits before the given try: 0.1 s, doubling, half of it by chance, so
// that many downloads don't come back to a server at the same moment.
func backOff(ctx context.Context, try int) error {
	d := 100 * time.Millisecond << (try - 1)
	timer := time.NewTimer(d/2 + rand.N(d/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
