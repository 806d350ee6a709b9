package httpblock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/httpblock"
)

// content is bytes that don't repeat.
func content(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(p)
	return p
}

func memory(t testing.TB, image []byte) *block.Memory {
	t.Helper()
	d := block.NewMemory(int64(len(image)))
	if err := d.Write(context.Background(), image, 0, 0); err != nil {
		t.Fatal(err)
	}
	return d
}

func serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// open opens what a server has.
func open(t testing.TB, server *httptest.Server, options httpblock.Options) (*httpblock.Device, error) {
	t.Helper()
	return httpblock.Open(t.Context(), server.URL, options)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	image := content(140001)
	server := serve(t, httpblock.Handler(memory(t, image), httpblock.HandlerOptions{ETag: `"1"`}))
	for name, options := range map[string]httpblock.Options{
		"usual":     {},
		"no cache":  {Cache: 1, Chunk: 32 << 10, Connections: 1, Ahead: -1},
		"many":      {Cache: 64 << 10, Chunk: 16 << 10, Ahead: 3},
		"one chunk": {Chunk: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			blocktest.Run(t, func(t *testing.T) block.Device {
				d, err := open(t, server, options)
				must(t, err)
				return d
			})
		})
	}
	d, err := open(t, server, httpblock.Options{Chunk: 4096})
	must(t, err)
	defer func() { _ = d.Close() }()
	got := make([]byte, len(image))
	must(t, d.Read(t.Context(), got, 0))
	if !bytes.Equal(got, image) {
		t.Error("other bytes came")
	}
}

// file is a file that changes, served as web servers do.
type file struct {
	mu       sync.Mutex
	image    []byte
	etag     string
	modified time.Time
	before   func(w http.ResponseWriter, r *http.Request) bool // true: answered
	requests atomic.Int64
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before != nil && f.before(w, r) {
		return
	}
	if f.etag != "" {
		w.Header().Set("ETag", f.etag)
	}
	http.ServeContent(w, r, "disk.img", f.modified, bytes.NewReader(f.image))
}

func (f *file) change(to func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to()
}

var lastYear = time.Now().AddDate(-1, 0, 0)

func TestChangedFile(t *testing.T) {
	old, changed := content(64<<10), bytes.Repeat([]byte{1}, 64<<10)
	deaf := func(_ http.ResponseWriter, r *http.Request) bool { // to conditions
		r.Header.Del("If-Match")
		r.Header.Del("If-Unmodified-Since")
		return false
	}
	tests := map[string]struct {
		file   *file
		change func(f *file)
	}{
		"etag":          {&file{etag: `"1"`}, func(f *file) { f.etag = `"2"` }},
		"etag ignored":  {&file{etag: `"1"`, before: deaf}, func(f *file) { f.etag = `"2"` }},
		"etag lost":     {&file{etag: `"1"`, before: deaf}, func(f *file) { f.etag = "" }},
		"etag weaker":   {&file{etag: `"1"`, before: deaf}, func(f *file) { f.etag = `W/"1"` }},
		"date":          {&file{modified: lastYear}, func(f *file) { f.modified = lastYear.Add(time.Second) }},
		"date ignored":  {&file{modified: lastYear, before: deaf}, func(f *file) { f.modified = lastYear.Add(-time.Second) }},
		"longer":        {&file{modified: lastYear}, func(f *file) { f.image = append(f.image, 1) }},
		"shorter":       {&file{modified: lastYear}, func(f *file) { f.image = f.image[:10000] }},
		"weak and date": {&file{etag: `W/"1"`, modified: lastYear}, func(f *file) { f.modified = lastYear.Add(time.Hour) }},
		"whole file": {&file{etag: `"1"`}, func(f *file) {
			f.before = func(_ http.ResponseWriter, r *http.Request) bool { r.Header.Del("Range"); deaf(nil, r); return false }
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := test.file
			f.image = old
			d, err := open(t, serve(t, f), httpblock.Options{Chunk: 4096, Ahead: -1})
			must(t, err)
			defer func() { _ = d.Close() }()
			p := make([]byte, 4096)
			must(t, d.Read(t.Context(), p, 0))
			f.change(func() { f.image = bytes.Clone(changed); test.change(f) })
			want := httpblock.ErrChanged
			if name == "whole file" {
				want = httpblock.ErrNoRanges
			}
			if err := d.Read(t.Context(), p, 32<<10); !errors.Is(err, want) {
				t.Fatalf("read of a changed file: %v", err)
			}
			if err := d.Read(t.Context(), p, 0); name != "whole file" && !errors.Is(err, want) {
				t.Errorf("read from the cache after the change was seen: %v", err)
			}
		})
	}
}

func TestYoungFile(t *testing.T) {
	f := &file{image: content(5000), modified: time.Now()}
	begin := time.Now()
	d, err := open(t, serve(t, f), httpblock.Options{})
	must(t, err)
	defer func() { _ = d.Close() }()
	if f.requests.Load() < 2 {
		t.Errorf("a file of this second is taken at once, after %v", time.Since(begin))
	}
}

func TestRefusedServers(t *testing.T) {
	respond := func(status int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("x"))
		}
	}
	tests := map[string]struct {
		handler http.Handler
		want    error
	}{
		"no ranges":      {respond(200), httpblock.ErrNoRanges},
		"no validator":   {&file{image: content(5000)}, httpblock.ErrNoValidator},
		"weak validator": {&file{image: content(5000), etag: `W/"1"`}, httpblock.ErrNoValidator},
		"missing":        {http.NotFoundHandler(), block.ErrGone},
		"forbidden":      {respond(403), nil},
		"no length":      {respond(206, "Content-Range", "bytes 0-99/*", "ETag", `"1"`), nil},
		"too long":       {respond(206, "Content-Range", "bytes 0-99/99999999999999999999", "ETag", `"1"`), nil},
		"elsewhere":      {respond(206, "Content-Range", "bytes 5-99/100", "ETag", `"1"`), nil},
		"encoded":        {respond(206, "Content-Range", "bytes 0-99/100", "ETag", `"1"`, "Content-Encoding", "gzip"), nil},
		"no range":       {respond(206, "ETag", `"1"`), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := open(t, serve(t, test.handler), httpblock.Options{Tries: 1})
			if err == nil {
				t.Fatalf("opened with %d bytes", d.Size())
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v, not %v", err, test.want)
			}
		})
	}
}

func TestEmptyFile(t *testing.T) {
	for _, f := range []*file{{etag: `"1"`}, {before: func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Range", "bytes */0")
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return true
	}}} {
		d, err := open(t, serve(t, f), httpblock.Options{})
		must(t, err)
		if d.Size() != 0 || d.Read(t.Context(), nil, 0) != nil {
			t.Errorf("size %d", d.Size())
		}
		must(t, d.Close())
	}
}

func TestTriedAgain(t *testing.T) {
	fail := 0
	f := &file{image: content(50000), etag: `"1"`}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		fail++
		switch fail % 3 {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case 2: // an answer that breaks off
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Range", strings.Replace(r.Header.Get("Range"), "=", " ", 1)+"/50000")
			w.Header().Set("Content-Length", "4096")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write([]byte("x"))
			panic(http.ErrAbortHandler)
		}
		return false
	}
	failed := 0
	d, err := open(t, serve(t, f), httpblock.Options{Chunk: 4096, Ahead: -1, Fetched: func(_, _ int64, _ time.Duration, err error) {
		if err != nil {
			failed++
		}
	}})
	must(t, err)
	defer func() { _ = d.Close() }()
	p := make([]byte, 4096)
	must(t, d.Read(t.Context(), p, 4096))
	if !bytes.Equal(p, f.image[4096:8192]) || failed < 2 {
		t.Errorf("other bytes, or only %d failures", failed)
	}
}

func TestSingleFlight(t *testing.T) {
	release := make(chan struct{})
	f := &file{image: content(1 << 20), etag: `"1"`}
	d, err := open(t, serve(t, f), httpblock.Options{Ahead: -1})
	must(t, err)
	defer func() { _ = d.Close() }()
	f.change(func() {
		f.before = func(http.ResponseWriter, *http.Request) bool { <-release; return false }
	})
	before := f.requests.Load()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := d.Read(context.Background(), make([]byte, 100), 1000); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := d.Read(ctx, make([]byte, 100), 1000); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a reader whose time is over: %v", err)
	}
	close(release)
	group.Wait()
	if n := f.requests.Load() - before; n != 1 {
		t.Errorf("%d requests for one chunk", n)
	}
}

func TestCacheIsBounded(t *testing.T) {
	f := &file{image: content(256 << 10), etag: `"1"`}
	d, err := open(t, serve(t, f), httpblock.Options{Chunk: 4096, Cache: 16 << 10, Ahead: -1})
	must(t, err)
	defer func() { _ = d.Close() }()
	count := func() int64 {
		before := f.requests.Load()
		for off := int64(0); off < 32<<10; off += 4096 {
			must(t, d.Read(t.Context(), make([]byte, 4096), off))
		}
		return f.requests.Load() - before
	}
	if a, b := count(), count(); a != 8 || b != 8 {
		t.Errorf("%d and %d requests, not 8 each, with a cache of 4 chunks", a, b)
	}
	before := f.requests.Load()
	must(t, d.Read(t.Context(), make([]byte, 16<<10), 16<<10))
	if n := f.requests.Load() - before; n != 0 {
		t.Errorf("%d requests for what is in the cache", n)
	}
}

func TestReadAhead(t *testing.T) {
	f := &file{image: content(256 << 10), etag: `"1"`}
	d, err := open(t, serve(t, f), httpblock.Options{Chunk: 4096, Ahead: 3})
	must(t, err)
	p := make([]byte, 4096)
	must(t, d.Read(t.Context(), p, 0))
	if n := f.requests.Load(); n != 2 {
		t.Errorf("%d requests for a first read", n-1)
	}
	must(t, d.Read(t.Context(), p, 4096))
	for f.requests.Load() < 6 { // the chunk itself and three ahead
		time.Sleep(time.Millisecond)
	}
	must(t, d.Close())
}

func TestCloseEndsFetching(t *testing.T) {
	stop := make(chan struct{})
	f := &file{image: content(1 << 20), etag: `"1"`}
	server := serve(t, f)
	d, err := open(t, server, httpblock.Options{})
	must(t, err)
	f.change(func() {
		f.before = func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-r.Context().Done():
			case <-stop:
			}
			return true
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := d.Read(ctx, make([]byte, 10), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	must(t, d.Close())
	close(stop)
}

func FuzzServer(f *testing.F) {
	f.Add(206, "bytes 0-511/4096", `"1"`, "", "x")
	f.Add(206, "bytes 0-4095/4096", `W/"1"`, "Mon, 02 Jan 2006 15:04:05 GMT", "xyz")
	f.Add(416, "bytes */0", "", "", "")
	f.Fuzz(func(t *testing.T, status int, span, etag, modified, body string) {
		if status < 200 || status > 599 {
			return
		}
		client := &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
			return &http.Response{
				StatusCode: status, Status: fmt.Sprint(status), Request: r, ProtoMajor: 1, ProtoMinor: 1,
				Header: http.Header{"Content-Range": {span}, "Etag": {etag}, "Last-Modified": {modified}},
				Body:   readCloser{strings.NewReader(body)}, ContentLength: -1,
			}
		})}
		d, err := httpblock.Open(t.Context(), "http://fuzz", httpblock.Options{Client: client, Tries: 1, Chunk: 4096})
		if err != nil {
			return
		}
		if d.Size() < 0 {
			t.Fatalf("size %d", d.Size())
		}
		p := make([]byte, min(d.Size(), 100))
		if err := d.Read(t.Context(), p, 0); err == nil && !strings.HasPrefix(body, string(p)) {
			t.Fatalf("read %q of %q", p, body)
		}
		must(t, d.Close())
	})
}

type roundTrip func(*http.Request) *http.Response

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request), nil }

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
