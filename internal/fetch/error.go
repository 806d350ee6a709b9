package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"

	"github.com/spurboot/spur/internal/advice"
)

var (
	// ErrChanged says that the upstream file is not the one that was begun.
	ErrChanged = errors.New("upstream file changed while it was read; ask again")
	// ErrTooBig says that a file of unknown size outgrew the cache, or what the cache's file
	// system had room for.
	ErrTooBig = errors.New("its server doesn't say its size, and there was no room for all of it")
	// ErrNoParts says that a server sends no parts of a file, or nothing by which it is
	// known that two parts are of the same.
	ErrNoParts = errors.New("the server sends no parts of the file")
	// ErrFull says that the cache has its number of files, all in use.
	ErrFull = errors.New("too many upstream files are in use; try again when some are done")
	// ErrClosed says that the cache was closed.
	ErrClosed = errors.New("cache is closed")
)

// Error is what went wrong with an upstream file. It wraps [fs.ErrNotExist]
// and [fs.ErrPermission] where the upstream said so.
type Error struct {
	URL    string // without a password
	Status int    // that the upstream answered, 0 where it didn't
	Err    error
}

func (e *Error) Error() string {
	if e.Status != 0 && errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("there is no file %s (the server says %d %s)", e.URL, e.Status, http.StatusText(e.Status))
	}
	if e.Status != 0 {
		return fmt.Sprintf("fetch %s: upstream answered %d %s: %v", e.URL, e.Status, http.StatusText(e.Status), e.Err)
	}
	return fmt.Sprintf("fetch %s: %v", e.URL, advice.InWords(e.Err))
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout says whether the upstream took too long.
func (e *Error) Timeout() bool {
	return errors.Is(e.Err, os.ErrDeadlineExceeded) || errors.Is(e.Err, context.DeadlineExceeded)
}

// HTTPStatus is what a gateway should answer for it (RFC 9110 section 15).
func (e *Error) HTTPStatus() int {
	switch {
	case errors.Is(e.Err, fs.ErrNotExist):
		return http.StatusNotFound
	case errors.Is(e.Err, fs.ErrPermission):
		return http.StatusForbidden
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable,
		errors.Is(e.Err, ErrFull), errors.Is(e.Err, ErrClosed):
		return http.StatusServiceUnavailable
	case e.Status == http.StatusGatewayTimeout, e.Timeout():
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

var (
	errServer    = errors.New("the server fails; try again later or look at its log")
	errRefused   = errors.New("the server refuses the request; check the URL")
	errNotAFile  = errors.New("this is no answer to a request for a file; check the URL")
	errDisk      = errors.New("can't write to the cache folder")
	errReplaced  = errors.New("another file is in its place")
	errTooLong   = fmt.Errorf("no answer in time: %w", os.ErrDeadlineExceeded)
	errIdle      = fmt.Errorf("no more bytes came in time: %w", os.ErrDeadlineExceeded)
	errUnmarked  = errors.New("upstream gives no strong validator, so the rest can't be asked for")
	errNoUpOrder = errors.New("URL must begin with http:// or https://")
)

// fail names the URL once: net/http's own errors do so too, less clearly.
func fail(rawURL string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &Error{URL: redact(rawURL), Err: err}
}

// refusal is the error of an answer that isn't the file.
func refusal(rawURL string, status int) error {
	e := &Error{URL: redact(rawURL), Status: status, Err: errNotAFile}
	switch {
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Err = fs.ErrNotExist
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Err = fs.ErrPermission
	case status >= 500, status == http.StatusTooManyRequests:
		e.Err = errServer
	case status >= 400:
		e.Err = errRefused
	}
	return e
}

// redact takes the password out of a URL.
func redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
}
