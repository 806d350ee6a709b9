package fetch

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// origin is an upstream server of one file, which can be made to behave badly.
type origin struct {
	*httptest.Server

	mu       sync.Mutex
	data     []byte
	etag     string
	modified time.Time
	status   int           // instead of the file
	noRange  bool          // whole answers only
	noLength bool          // chunked
	noCond   bool          // ignores conditions
	breaks   int           // so many answers break
	breakAt  int           // after so many bytes of the body
	gate     chan struct{} // bytes from breakAt on wait for it
	seen     []http.Header // of the requests
}

func newOrigin(t testing.TB, size int) *origin {
	o := &origin{data: pattern(size, 1), etag: `"v1"`}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Server.Close)
	return o
}

func (o *origin) set(change func(*origin)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

func (o *origin) requests() []http.Header {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]http.Header(nil), o.seen...)
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.seen = append(o.seen, r.Header.Clone())
	if o.noRange {
		r.Header.Del("Range")
	}
	if o.noCond {
		r.Header.Del("If-None-Match")
		r.Header.Del("If-Modified-Since")
	}
	if o.etag != "" {
		w.Header().Set("ETag", o.etag)
	}
	status, data, modified, noLength := o.status, o.data, o.modified, o.noLength
	var sink io.Writer = w
	if o.breaks > 0 || o.gate != nil {
		o.breaks--
		sink = &brittle{ResponseWriter: w, left: o.breakAt, gate: o.gate, ctx: r.Context()}
	}
	o.mu.Unlock()
	switch {
	case status != 0:
		http.Error(w, "no", status)
	case noLength:
		w.(http.Flusher).Flush()
		sink.Write(data)
	default:
		http.ServeContent(sinkWriter{w, sink}, r, "file", modified, bytes.NewReader(data))
	}
}

// brittle passes so many bytes, and then waits for its gate or breaks.
type brittle struct {
	http.ResponseWriter
	left int
	gate chan struct{}
	ctx  context.Context
}

func (b *brittle) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p[:min(len(p), b.left)])
	b.left -= n
	if n == len(p) || err != nil {
		return n, err
	}
	b.ResponseWriter.(http.Flusher).Flush()
	if b.gate == nil {
		panic(http.ErrAbortHandler)
	}
	select {
	case <-b.gate:
	case <-b.ctx.Done():
		panic(http.ErrAbortHandler)
	}
	b.left = 1 << 40
	m, err := b.Write(p[n:])
	return n + m, err
}

type sinkWriter struct {
	http.ResponseWriter
	sink io.Writer
}

func (w sinkWriter) Write(p []byte) (int, error) { return w.sink.Write(p) }

func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{seed})
	random.Read(b)
	return b
}

// newCache checks at the end that nothing is left of it.
func newCache(t testing.TB, opts Options) *Cache {
	t.Helper()
	opts.Dir = t.TempDir()
	opts.Client = &http.Client{Transport: &http.Transport{}}
	if opts.Fresh == 0 {
		opts.Fresh = time.Nanosecond
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		left, _ := filepath.Glob(filepath.Join(opts.Dir, partPattern))
		if len(left) > 0 || c.used != 0 || c.count != 0 {
			t.Errorf("left behind: files %v, %d bytes, %d entries", left, c.used, c.count)
		}
	})
	return c
}

func open(t testing.TB, c *Cache, url string) *File {
	t.Helper()
	f, err := c.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// whole is what a fresh reader gets.
func whole(t testing.TB, c *Cache, url string) []byte {
	t.Helper()
	f := open(t, c, url)
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func onDisk(t testing.TB, c *Cache) (total int64) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(c.opts.Dir, partPattern))
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			total += info.Size()
		}
	}
	return total
}
