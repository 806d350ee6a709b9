package httpblock

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spurboot/spur/block"
)

// Options say how Open opens a URL. The zero value is good.
type Options struct {
	// Client makes the requests; if nil, one like http.DefaultClient that
	// keeps as many connections as it may use.
	Client *http.Client
	// Header is sent with each request, such as Authorization.
	Header http.Header
	// Cache is how much is kept, in bytes: 16 MiB if 0. Readers hold up to
	// Connections chunks besides.
	Cache int64
	// Chunk is how much is fetched at once, in bytes, a power of two from
	// 4 KiB to 64 MiB: 256 KiB if 0.
	Chunk int64
	// Ahead is how many chunks are fetched ahead of a reader: 4 if 0, none
	// if negative.
	Ahead int
	// Connections bounds the requests under way at once: 8 if 0.
	Connections int
	// Timeout bounds each request, its body included: 30 seconds if 0.
	Timeout time.Duration
	// Tries is how often a request is made before its failure is an error: 3
	// if 0. What a server refuses for good isn't tried again.
	Tries int
	// Unchecked also takes files that have neither a strong ETag nor
	// Last-Modified. Only a change of the length is then noticed.
	Unchecked bool
	// Fetched, if set, is called after each request for n bytes at off.
	Fetched func(off, n int64, took time.Duration, err error)
}

// ErrChanged is that the file is not the one that was opened. Errors that wrap
// it wrap block.ErrGone too.
var ErrChanged = fmt.Errorf("the file was changed on its server: %w", block.ErrGone)

// ErrNoRanges is that a server can't be read from in parts.
var ErrNoRanges = errors.New("the server doesn't answer ranges (it must send 206 to a Range request)")

// ErrNoValidator is that a server says nothing by which a change is noticed.
var ErrNoValidator = errors.New("the server sends neither a strong ETag nor Last-Modified, so that a change of the file would go unnoticed")

func (o Options) filled() (Options, error) {
	o.Cache = cmp.Or(o.Cache, 16<<20)
	o.Chunk = cmp.Or(o.Chunk, 256<<10)
	o.Ahead = cmp.Or(o.Ahead, 4)
	o.Connections = cmp.Or(o.Connections, 8)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Tries = cmp.Or(o.Tries, 3)
	if o.Chunk < 4<<10 || o.Chunk > 64<<20 || o.Chunk&(o.Chunk-1) != 0 {
		return o, fmt.Errorf("a chunk of %d bytes; it must be a power of two from 4 KiB to 64 MiB", o.Chunk)
	}
	if o.Cache < 0 || o.Connections < 0 || o.Timeout < 0 || o.Tries < 0 {
		return o, errors.New("a negative cache, timeout or number of connections or tries")
	}
	if o.Client == nil {
		o.Client = o.client()
	}
	return o, nil
}

func (o Options) client() *http.Client {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultClient
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = o.Connections
	return &http.Client{Transport: transport}
}

// GoneError says that the server has no such file any more, or never had. It wraps
// [block.ErrGone].
type GoneError struct {
	Status int // of the answer: 404 or 410
}

func (g GoneError) Error() string {
	return fmt.Sprintf("%v: the server says %d %s", block.ErrGone, g.Status, http.StatusText(g.Status))
}

// Unwrap is block.ErrGone.
func (g GoneError) Unwrap() error { return block.ErrGone }
