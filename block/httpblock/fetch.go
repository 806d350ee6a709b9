package httpblock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// version is what a file is known again by.
type version struct {
	size     int64
	etag     string // strong, or empty
	modified string // Last-Modified as it was sent
}

// remote is a file on a server.
type remote struct {
	url     string
	options Options
	version version
	// ownClient: nobody else uses options.Client.
	ownClient bool
}

// refusal is a failure that trying again doesn't mend.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// final says whether a failure would only come again.
func final(err error) bool {
	var r refusal
	return errors.As(err, &r)
}

// fetch reads p at off.
func (r *remote) fetch(ctx context.Context, p []byte, off int64) error {
	return r.tries(ctx, off, int64(len(p)), func(ctx context.Context) error {
		got, response, err := r.get(ctx, off, off+int64(len(p))-1)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if got != r.version {
			return refusal{ErrChanged}
		}
		return readWhole(response.Body, p)
	})
}

// tries makes a request until it succeeds, is refused, or was tried enough.
func (r *remote) tries(ctx context.Context, off, n int64, try func(ctx context.Context) error) error {
	pause := 100 * time.Millisecond
	for i := 1; ; i++ {
		begin := time.Now()
		err := r.timed(ctx, try)
		if r.options.Fetched != nil {
			r.options.Fetched(off, n, time.Since(begin), err)
		}
		if err == nil {
			return nil
		}
		if final(err) || i >= r.options.Tries || ctx.Err() != nil {
			return fmt.Errorf("fetch %d bytes at %d of %s: %w", n, off, r.url, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, 2*time.Second)
	}
}

func (r *remote) timed(ctx context.Context, try func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	return try(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get asks for the bytes from first to last and returns the file's version and
// an answer of those, or of as many as there are. The caller closes its body.
func (r *remote) get(ctx context.Context, first, last int64) (version, *http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return version{}, nil, refusal{err}
	}
	if r.options.Header != nil {
		request.Header = r.options.Header.Clone()
	}
	r.condition(request.Header)
	request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, last))
	request.Header.Set("Accept-Encoding", "identity")
	response, err := r.options.Client.Do(request)
	var named *url.Error
	if errors.As(err, &named) {
		err = named.Err // the URL is told by who tells of what was fetched
	}
	if err != nil {
		return version{}, nil, err
	}
	got, err := r.judge(response, first, last)
	if err != nil {
		_ = response.Body.Close()
		return version{}, nil, err
	}
	return got, response, nil
}

// condition has the server say when the file isn't the one that was opened.
func (r *remote) condition(header http.Header) {
	switch {
	case r.version.etag != "":
		header.Set("If-Match", r.version.etag)
	case r.version.modified != "":
		header.Set("If-Unmodified-Since", r.version.modified)
	}
}

// judge says which file an answer is of, and whether it is what was asked for.
func (r *remote) judge(response *http.Response, first, last int64) (version, error) {
	header := response.Header
	switch status := response.StatusCode; {
	case status == http.StatusPreconditionFailed:
		return version{}, refusal{ErrChanged}
	case status == http.StatusOK && response.ContentLength == 0 && first == 0:
		return versionOf(header, 0), nil // an empty file has no ranges
	case status == http.StatusOK:
		return version{}, refusal{ErrNoRanges}
	case status == http.StatusNotFound || status == http.StatusGone:
		return version{}, refusal{GoneError{status}}
	case status == http.StatusRequestedRangeNotSatisfiable:
		if first == 0 && header.Get("Content-Range") == "bytes */0" {
			return versionOf(header, 0), nil
		}
		return version{}, refusal{ErrChanged}
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return version{}, errors.New(response.Status)
	case status != http.StatusPartialContent:
		return version{}, refusal{errors.New(response.Status)}
	}
	if coding := header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return version{}, refusal{fmt.Errorf("the server sends the file encoded (%.40q)", coding)}
	}
	from, to, size, err := ParseContentRange(header.Get("Content-Range"))
	if err == nil && size < 0 {
		err = errors.New("the server doesn't say how long the file is")
	}
	if err != nil {
		return version{}, refusal{err}
	}
	if from != first || to != min(last, size-1) {
		return version{}, refusal{fmt.Errorf("bytes %d to %d were asked for, %d to %d of %d came", first, last, from, to, size)}
	}
	return versionOf(header, size), nil
}

// versionOf takes a weak ETag for none: it may stay when bytes change (RFC 9110
// section 8.8.1).
func versionOf(header http.Header, size int64) version {
	v := version{size: size, etag: header.Get("ETag"), modified: header.Get("Last-Modified")}
	if !strings.HasPrefix(v.etag, `"`) {
		v.etag = ""
	}
	return v
}

// readWhole fills p with a body that has exactly as many bytes.
func readWhole(body io.Reader, p []byte) error {
	if _, err := io.ReadFull(body, p); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	var more [1]byte
	if n, _ := body.Read(more[:]); n > 0 {
		return refusal{errors.New("the server sends more than its Content-Range says")}
	}
	return nil
}
