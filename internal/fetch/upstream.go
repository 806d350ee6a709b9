package fetch

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// upstream makes requests that can't hang: an answer and each part of its body
// have a time to come, the whole has not.
type upstream struct {
	client       *http.Client
	header, idle time.Duration
}

func newUpstream(o Options) *upstream {
	client := defaultClient(o)
	if o.Client != nil {
		own := *o.Client // net/http follows ten redirects, or what CheckRedirect says
		own.Timeout = 0
		client = &own
	}
	return &upstream{client: client, header: o.HeaderTimeout, idle: o.IdleTimeout}
}

// checkURL lets pass what this package reads.
func checkURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err == nil && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		err = errNoUpOrder
	}
	if err != nil {
		return fail(rawURL, err)
	}
	return nil
}

// get asks for rawURL. The answer's body must be closed; it ends with ctx, and
// fails when nothing comes for the idle time.
func (u *upstream) get(ctx context.Context, rawURL string, header http.Header) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		cancel(err)
		return nil, fail(rawURL, err)
	}
	req.Header = header
	// The bytes as they are: net/http would unpack gzip behind our back, and
	// lengths and ranges would be those of other bytes.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "spur")
	timer := time.AfterFunc(u.header, func() { cancel(errTooLong) })
	resp, err := u.client.Do(req)
	timer.Stop()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(err)
		return nil, fail(rawURL, err)
	}
	resp.Body = u.guard(ctx, cancel, resp.Body)
	return resp, nil
}

// getRest asks for the bytes of v from off on, up to end (not included; 0: all
// of them), and skips to the first of them.
func (u *upstream) getRest(ctx context.Context, rawURL string, v version, off, end int64) (io.ReadCloser, error) {
	header := http.Header{}
	if v.isPart() && end == 0 {
		end = v.size
	}
	if off > 0 || end > 0 {
		if v.strong() == "" {
			return nil, fail(rawURL, errUnmarked)
		}
		last := ""
		if end > 0 {
			last = strconv.FormatInt(v.base+end-1, 10)
		}
		header.Set("Range", "bytes="+strconv.FormatInt(v.base+off, 10)+"-"+last)
		header.Set("If-Range", v.strong())
	}
	resp, err := u.get(ctx, rawURL, header)
	if err != nil {
		return nil, err
	}
	skip, err := v.rest(resp, off)
	if err == nil && skip > 0 {
		_, err = io.CopyN(io.Discard, resp.Body, skip)
	}
	if err != nil {
		resp.Body.Close()
		return nil, fail(rawURL, err)
	}
	return resp.Body, nil
}

// body is an answer's body with a bound on each wait for its next bytes.
type body struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	idle   time.Duration
	timer  *time.Timer // cancels ctx; runs while Read waits
}

func (u *upstream) guard(ctx context.Context, cancel context.CancelCauseFunc, rc io.ReadCloser) *body {
	timer := time.AfterFunc(u.idle, func() { cancel(errIdle) })
	timer.Stop()
	return &body{rc, ctx, cancel, u.idle, timer}
}

func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.idle)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (b *body) Close() error {
	b.timer.Stop()
	b.cancel(context.Canceled)
	return b.ReadCloser.Close()
}
