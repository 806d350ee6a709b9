package httpblock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spurboot/spur/block"
)

// HandlerOptions say what a Handler tells of its device.
type HandlerOptions struct {
	// ETag is the entity tag with its quotes, such as `"1a2b"`. It must
	// change when the device does. None is sent if it is empty.
	ETag string
	// Modified is when the device was last changed, if that is known.
	Modified time.Time
	// WriteTimeout is how long a client may leave lying what was sent to it,
	// 32 KiB at most, before its connection is closed. Unlike that of an
	// http.Server it doesn't bound an answer as a whole. None if 0.
	WriteTimeout time.Duration
	// Served, if set, is called after each answer with the bytes of the
	// device that were sent, and the error that ended it early, or nil.
	Served func(r *http.Request, bytes int64, err error)
}

// Handler serves a device, whatever the path. The device isn't closed.
func Handler(d block.Device, options HandlerOptions) http.Handler {
	return &handler{dev: d, options: options}
}

type handler struct {
	dev     block.Device
	options HandlerOptions
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a disk is only read here: use GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Accept-Ranges", "bytes")
	if h.options.ETag != "" {
		header.Set("ETag", h.options.ETag)
	}
	content := &reader{ctx: r.Context(), dev: h.dev, wait: h.options.WriteTimeout, to: http.NewResponseController(w)}
	content.extend() // an earlier request's time is over
	http.ServeContent(w, TidyRange(r, h.dev.Size()), "", h.options.Modified, content)
	if h.options.Served != nil {
		h.options.Served(r, content.sent, content.err)
	}
}

// readSize is how much is read from the device at a time at most, in bytes.
const readSize = 256 << 10

// reader is a device as http.ServeContent wants it. It doesn't know where the
// range ends that is copied from it, so it reads no further ahead than it was
// read from already: a client that wants a sector costs the device a sector.
type reader struct {
	ctx  context.Context
	dev  block.Device
	off  int64
	sent int64
	err  error

	since  int64 // bytes read without a seek
	buffer []byte
	kept   []byte // of buffer, from off on

	to   *http.ResponseController
	wait time.Duration
}

// extend gives the client time to take what it is sent next.
func (r *reader) extend() {
	if r.wait > 0 {
		_ = r.to.SetWriteDeadline(time.Now().Add(r.wait)) // not every ResponseWriter can
	}
}

func (r *reader) Read(p []byte) (int, error) {
	r.extend()
	left := r.dev.Size() - r.off
	if left <= 0 {
		return 0, io.EOF
	}
	if len(r.kept) == 0 {
		p = p[:min(int64(len(p)), left)]
		ahead := min(r.since, readSize-r.off%readSize, left)
		if ahead <= int64(len(p)) {
			if err := r.read(p); err != nil {
				return 0, err
			}
			return r.count(len(p)), nil
		}
		if r.buffer == nil {
			r.buffer = make([]byte, readSize)
		}
		if err := r.read(r.buffer[:ahead]); err != nil {
			return 0, err
		}
		r.kept = r.buffer[:ahead]
	}
	n := copy(p, r.kept)
	r.kept = r.kept[n:]
	return r.count(n), nil
}

func (r *reader) count(n int) int {
	r.off += int64(n)
	r.since += int64(n)
	r.sent += int64(n)
	return n
}

func (r *reader) read(p []byte) error {
	if err := r.dev.Read(r.ctx, p, r.off); err != nil {
		r.err = fmt.Errorf("read %d bytes at %d: %w", len(p), r.off, err)
		return r.err
	}
	return nil
}

func (r *reader) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += r.off
	case io.SeekEnd:
		off += r.dev.Size()
	}
	if off < 0 {
		return 0, errors.New("seek before the start")
	}
	if off != r.off {
		r.kept, r.since = nil, 0
	}
	r.off = off
	return off, nil
}
