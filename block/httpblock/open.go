package httpblock

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Open opens a URL as a device of the file's length. The context is of the
// opening alone; the device lives until it is closed.
func Open(ctx context.Context, url string, options Options) (*Device, error) {
	own := options.Client == nil
	options, err := options.filled()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", url, err)
	}
	r := &remote{url: url, options: options, ownClient: own}
	if err := r.identify(ctx); err != nil {
		r.release()
		return nil, err
	}
	if !options.Unchecked && r.version.etag == "" && r.version.modified == "" {
		r.release()
		return nil, fmt.Errorf("open %s: %w", url, ErrNoValidator)
	}
	return newDevice(r), nil
}

// release closes the connections of a client that is only ours.
func (r *remote) release() {
	if r.ownClient {
		r.options.Client.CloseIdleConnections()
	}
}

// probe is how many bytes are asked for to find out about a file. Busybox's
// httpd takes a range that ends at byte 0 for one without an end.
const probe = 512

// identify finds out which file it is by asking for its first bytes.
//
// A date is of whole seconds: a file that was changed within the last one can
// change again and keep it (RFC 9110 section 8.8.2.2). So it is asked again
// once that second has passed.
func (r *remote) identify(ctx context.Context) error {
	for range 4 {
		young := false
		err := r.tries(ctx, 0, probe, func(ctx context.Context) error {
			got, response, err := r.get(ctx, 0, probe-1)
			if err != nil {
				return err
			}
			r.version = got
			young = got.etag == "" && justNow(response.Header)
			return response.Body.Close()
		})
		if err != nil || !young {
			return err
		}
		r.version = version{}
		if err := sleep(ctx, 1100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("open %s: the file keeps changing: %w", r.url, ErrChanged)
}

// justNow says whether a file was changed in the second of the answer.
func justNow(header http.Header) bool {
	modified, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		return false
	}
	date, err := http.ParseTime(header.Get("Date"))
	return err == nil && date.Sub(modified) < time.Second
}
