package httpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// How much goes to the kernel between two reports of progress: at first, to a
// peer that takes a chunk quickly, and to one that doesn't.
const (
	chunkFirst = 256 << 10
	chunkMost  = 2 << 20
	chunkLeast = 64 << 10
	chunkTime  = 2 * time.Second // that a chunk should not take longer than
)

// nextChunk is how large the chunk after one of this size is that took so long.
func nextChunk(size int64, took time.Duration) int64 {
	switch {
	case took > chunkTime:
		return max(size/4, chunkLeast)
	case took < chunkTime/4:
		return min(size*2, chunkMost)
	}
	return size
}

// writer counts what goes to the client. Its ReadFrom keeps sendfile: it gives
// the ResponseWriter below, whose own ReadFrom ends in that of conn, one chunk of
// an operating system file after the other.
type writer struct {
	http.ResponseWriter
	conn     *conn             // nil: not one of [Server]
	progress func(bytes int64) // nil: nobody asks
	status   int
	bytes    int64
	err      error // of the connection
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.count(int64(n), err)
	return n, err
}

// ReadFrom sends src, in chunks where src is the content of a file.
func (w *writer) ReadFrom(src io.Reader) (total int64, err error) {
	limited, _ := src.(*io.LimitedReader)
	if limited == nil {
		return io.Copy(onlyWriter{w}, src)
	}
	c, _ := limited.R.(*content)
	if c == nil {
		return io.Copy(onlyWriter{w}, src)
	}
	defer w.conn.cork(false)
	for size := int64(chunkFirst); limited.N > 0; {
		began, asked := time.Now(), min(limited.N, size)
		w.conn.cork(true)
		n, err := w.sendChunk(c, asked)
		if n < asked {
			w.conn.cork(false) // what is next may have to be waited for
		}
		size = nextChunk(size, time.Since(began))
		limited.N -= n
		total += n
		if err == io.EOF {
			break
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// sendChunk sends up to limit bytes; io.EOF is the end of the file.
func (w *writer) sendChunk(c *content, limit int64) (int64, error) {
	src, direct, err := c.chunk(limit)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w.ResponseWriter, src)
	if direct {
		c.moved(n)
	}
	if c.failure() != nil {
		w.count(n, nil)
		return n, c.failure()
	}
	w.count(n, err)
	if n > 0 || err != nil {
		return n, err
	}
	if c.size >= 0 {
		return 0, c.fail(io.EOF)
	}
	return 0, io.EOF
}

// count notes what was sent of the file. What goes with a status of an error is
// the page that says so.
func (w *writer) count(n int64, err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
	if w.status >= http.StatusBadRequest {
		return
	}
	w.bytes += n
	if n > 0 && w.progress != nil {
		w.progress(w.bytes)
	}
}

func (w *writer) stats(began time.Time) Stats {
	return Stats{Bytes: w.bytes, Duration: time.Since(began), Status: w.status}
}

// missing says why less was sent than the header promised; nil when all was.
func (w *writer) missing(r *http.Request, c *content) error {
	if r.Method == http.MethodHead || (w.status != http.StatusOK && w.status != http.StatusPartialContent) {
		return nil
	}
	promised, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	if err != nil || w.bytes >= promised {
		return nil //nolint:nilerr // without a length nothing was promised
	}
	if err := c.failure(); err != nil {
		return leftEarly(r, err)
	}
	if w.err != nil {
		return peerError(w.err)
	}
	if r.Context().Err() != nil {
		return fmt.Errorf("%w: %w", ErrPeerGone, context.Cause(r.Context()))
	}
	return fmt.Errorf("sent %d of %d bytes: %w", w.bytes, promised, io.ErrShortWrite)
}

// leftEarly tells a file that failed from one that stopped waiting for its bytes
// because nobody wants them any more.
func leftEarly(r *http.Request, err error) error {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %w", ErrPeerGone, err)
	}
	return err
}

// peerError tells a peer that left from other failures of its connection.
func peerError(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("%w: %w", ErrPeerGone, err)
	}
	return err
}

// onlyWriter hides ReadFrom, which would call itself.
type onlyWriter struct{ io.Writer }
