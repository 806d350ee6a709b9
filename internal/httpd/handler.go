package httpd

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/spurboot/spur/block/httpblock"
)

// Handler serves the files that Open finds, by GET and HEAD.
//
// An error of Open is answered by one line of plain text that doesn't repeat
// the error, which may name things that are not the client's business (a hook
// gets it whole): [fs.ErrNotExist] and folders 404, [fs.ErrPermission] 403,
// an error with a method HTTPStatus() int the status it says, and with a method Challenge()
// string what it asks the client for (RFC 9110 section 11.6.1), a deadline 504,
// anything else 500. A method ClientText() string gives another line, RetryAfter()
// time.Duration when to try again (RFC 9110 section 10.2.3).
//
// Mount it without [http.ServeMux] or at "/": the mux redirects paths that
// aren't clean, and firmware doesn't follow.
type Handler struct {
	Open  Opener
	Hooks Hooks
	// Pace says how fast a transfer may be sent at most, in bytes a second; 0 is
	// no bound. It must not block. nil: nothing is bounded.
	Pace func(t *Transfer) int64
}

// ServeHTTP implements [http.Handler]. It panics with [http.ErrAbortHandler]
// where a transfer can't be finished, which makes net/http cut the connection.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	dropBody(w, r)
	name, f, info, err := h.find(r)
	t := newTransfer(r, name)
	tw := &writer{ResponseWriter: w, conn: connOf(r), progress: h.Hooks.progress(t)}
	if err != nil {
		t.Refused = err
		h.Hooks.start(t)
		refuse(tw, name, err)
		h.Hooks.end(t, tw.stats(began), leftEarly(r, err))
		return
	}
	defer f.Close()
	t.Size, t.File = max(info.Size(), -1), f
	h.Hooks.start(t)
	h.pace(r, t)
	err = send(tw, r, name, f, info)
	if err != nil {
		err = fmt.Errorf("send %s to %s: %w", name, t.Remote, err)
	}
	h.Hooks.end(t, tw.stats(began), err)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// dropBody keeps net/http from waiting, without a bound, for a body that a
// request for a file has no use for (RFC 9110 section 9.3.1).
func dropBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	// Only a connection has deadlines; elsewhere nothing can hang.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now())
}

// find opens what r names. The name is good for a report also with an error.
func (h *Handler) find(r *http.Request) (string, fs.File, fs.FileInfo, error) {
	name, ok := Clean(r.URL.Path)
	if !ok {
		return r.URL.Path, nil, nil, &statusError{http.StatusBadRequest, "path is not a file name"}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return name, nil, nil, &statusError{http.StatusMethodNotAllowed, "files are read by GET and HEAD, not " + r.Method}
	}
	f, err := h.Open(r.Context(), r, name)
	if err != nil {
		return name, nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		f.Close()
		return name, nil, nil, err
	}
	return name, f, info, nil
}

// send answers with the file. An error means that what the header promised was
// not sent.
func send(w *writer, r *http.Request, name string, f fs.File, info fs.FileInfo) error {
	header := w.Header()
	header.Set("Content-Type", contentType(name))
	if tag := entityTag(f, info); tag != "" {
		header.Set("ETag", tag)
	}
	c := newContent(f, info.Size())
	if info.Size() < 0 {
		return sendUnsized(w, r, c)
	}
	http.ServeContent(w, httpblock.TidyRange(r, info.Size()), "", info.ModTime(), c)
	return w.missing(r, c)
}

// sendUnsized sends a file whose end isn't known: no length, no ranges, and
// the body chunked (RFC 9112 section 7.1) or, to an HTTP/1.0 client, until the
// connection closes.
func sendUnsized(w *writer, r *http.Request, c *content) error {
	w.Header().Set("Accept-Ranges", "none")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.ReadFrom(&io.LimitedReader{R: c, N: math.MaxInt64})
	if failed := c.failure(); failed != nil {
		return leftEarly(r, failed)
	}
	return peerError(err)
}

// entityTag is the file's own tag or, like that of other servers, one of its
// time and size. A file without a time has none: the same size is no sign of
// the same bytes.
func entityTag(f fs.File, info fs.FileInfo) string {
	if tagged, ok := f.(Tagged); ok {
		return tagged.ETag()
	}
	if info.ModTime().IsZero() || info.Size() < 0 {
		return ""
	}
	return `"` + strconv.FormatInt(info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(info.Size(), 36) + `"`
}
