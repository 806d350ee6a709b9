package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func TestOneDownloadForMany(t *testing.T) {
	o := newOrigin(t, 700_000)
	c := newCache(t, Options{Fresh: time.Hour})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			f, err := c.Open(t.Context(), o.URL+"/f")
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if data, err := io.ReadAll(f); err != nil || !bytes.Equal(data, o.data) {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		})
	}
	wg.Wait()
	if n := len(o.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// Readers get what is there while the rest is on its way, and wait for it.
func TestFollow(t *testing.T) {
	o := newOrigin(t, 2<<20)
	gate := make(chan struct{})
	o.set(func(o *origin) { o.gate, o.breakAt = gate, 1<<20 })
	c := newCache(t, Options{Fresh: time.Hour})
	f := open(t, c, o.URL+"/f")
	head := make([]byte, 1<<20)
	if _, err := io.ReadFull(f, head); err != nil || !bytes.Equal(head, o.data[:1<<20]) {
		t.Fatalf("the first half: %v", err)
	}
	if disk, at, n, err := f.Backing(100); err != nil || disk == nil || at != 100 || n != 1<<20-100 {
		t.Errorf("backing: %v, %d, %v", disk, n, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	waiting, err := c.Open(ctx, o.URL+"/f")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := waiting.ReadAt(make([]byte, 1), 1<<20); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader whose context ended: %v", err)
	}
	waiting.Close()

	closed := open(t, c, o.URL+"/f")
	failed := make(chan error)
	go func() {
		_, err := closed.ReadAt(make([]byte, 1), 1<<20)
		failed <- err
	}()
	closed.Close()
	if err := <-failed; !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a reader that was closed: %v", err)
	}

	close(gate)
	rest, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(rest, o.data[1<<20:]) {
		t.Errorf("the second half: %d bytes, %v", len(rest), err)
	}
	if _, _, _, err := f.Backing(2 << 20); err != io.EOF {
		t.Errorf("backing at the end: %v", err)
	}
}

func TestFile(t *testing.T) {
	o := newOrigin(t, 100_000)
	o.modified = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	c := newCache(t, Options{Fresh: time.Hour})
	f := open(t, c, o.URL+"/dir/file.iso?token=1")
	info, err := f.Stat()
	if err != nil || info.Name() != "file.iso" || info.Size() != 100_000 || !info.ModTime().Equal(o.modified) || info.IsDir() {
		t.Errorf("%+v, %v", info, err)
	}
	if f.ETag() != `"v1"` {
		t.Errorf("tag %s", f.ETag())
	}
	if err := iotest.TestReader(f, o.data); err != nil {
		t.Error(err)
	}
	if f.Close() != nil || !errors.Is(f.Close(), fs.ErrClosed) {
		t.Error("Close, or the second one")
	}
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestRevalidate(t *testing.T) {
	o := newOrigin(t, 50_000)
	c := newCache(t, Options{})
	old := open(t, c, o.URL+"/f")
	part := make([]byte, 10)
	io.ReadFull(old, part)
	if got := whole(t, c, o.URL+"/f"); !bytes.Equal(got, o.data) {
		t.Error("first version")
	}
	seen := o.requests()
	if len(seen) != 2 || seen[1].Get("If-None-Match") != `"v1"` {
		t.Errorf("the second question: %v", seen[1:])
	}

	before := o.data
	o.set(func(o *origin) { o.data, o.etag = pattern(60_000, 2), `"v2"` })
	if got := whole(t, c, o.URL+"/f"); !bytes.Equal(got, o.data) {
		t.Error("second version")
	}
	rest, err := io.ReadAll(old)
	if err != nil || !bytes.Equal(append(part, rest...), before) {
		t.Errorf("the reader of the old version got %d bytes, %v", len(rest), err)
	}

	// A server that sends the file again instead of 304.
	o.set(func(o *origin) { o.noCond = true })
	whole(t, c, o.URL+"/f")
	if c.mu.Lock(); len(c.entries) != 1 || c.count != 2 { // old is still open
		t.Errorf("%d entries, %d versions", len(c.entries), c.count)
	}
	c.mu.Unlock()

	o.set(func(o *origin) { o.status = 404 })
	if _, err := c.Open(t.Context(), o.URL+"/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

// Without any validator each check brings a new version, unless one is on its way.
func TestNoValidators(t *testing.T) {
	o := newOrigin(t, 50_000)
	o.etag = ""
	c := newCache(t, Options{})
	a := open(t, c, o.URL+"/f")
	io.ReadAll(a)
	b := open(t, c, o.URL+"/f")
	io.ReadAll(b)
	if a.ETag() == "" || a.ETag() == b.ETag() {
		t.Errorf("tags %q and %q", a.ETag(), b.ETag())
	}
	o.set(func(o *origin) { o.data = pattern(50_000, 2) })
	if got := whole(t, c, o.URL+"/f"); !bytes.Equal(got, o.data) {
		t.Error("the change was not noticed")
	}
}

// Machines that come while a file is on its way share it, also where nothing
// tells its versions apart.
func TestNoValidatorsOnTheWay(t *testing.T) {
	o := newOrigin(t, 50_000)
	gate := make(chan struct{})
	o.set(func(o *origin) { o.etag, o.noLength, o.gate, o.breakAt = "", true, gate, 20_000 })
	c := newCache(t, Options{})
	var files []*File
	for range 5 {
		files = append(files, open(t, c, o.URL+"/f"))
		if _, err := files[0].ReadAt(make([]byte, 1), 19_999); err != nil {
			t.Fatal(err)
		}
	}
	close(gate)
	for _, f := range files {
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, o.data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if n := len(o.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// The size of a file whose server doesn't say it is known once all is here.
func TestWaitSize(t *testing.T) {
	size := func(f *File) int64 {
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	o := newOrigin(t, 50_000)
	gate := make(chan struct{})
	o.set(func(o *origin) { o.noLength, o.gate, o.breakAt = true, gate, 20_000 })
	c := newCache(t, Options{Fresh: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	left, err := c.Open(ctx, o.URL+"/f")
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	if err := left.WaitSize(func(int64) { cancel() }); !errors.Is(err, context.Canceled) || size(left) >= 0 {
		t.Errorf("one who left: %v, size %d", err, size(left))
	}
	f := open(t, c, o.URL+"/f")
	var arrived []int64
	err = f.WaitSize(func(n int64) {
		if arrived = append(arrived, n); len(arrived) == 1 {
			close(gate)
		}
	})
	if err != nil || size(f) != 50_000 || len(arrived) == 0 || arrived[len(arrived)-1] != 50_000 {
		t.Errorf("size %d, told %v, %v", size(f), arrived, err)
	}
	o.set(func(o *origin) { o.noLength, o.gate = false, nil })
	if f := open(t, c, o.URL+"/known"); f.WaitSize(nil) != nil || size(f) != 50_000 {
		t.Errorf("a size that is known: %d", size(f))
	}
	o.set(func(o *origin) { o.noLength, o.etag, o.breaks, o.breakAt = true, "", 100, 1000 })
	if f := open(t, c, o.URL+"/breaks"); f.WaitSize(nil) == nil || size(f) >= 0 {
		t.Errorf("a file that broke off has a size of %d", size(f))
	}
}

func TestStale(t *testing.T) {
	for _, ok := range []bool{true, false} {
		o := newOrigin(t, 1000)
		c := newCache(t, Options{StaleOK: ok})
		whole(t, c, o.URL+"/f")
		o.Server.CloseClientConnections()
		o.Server.Listener.Close()
		f, err := c.Open(t.Context(), o.URL+"/f")
		if ok != (err == nil) {
			t.Errorf("StaleOK %v: %v", ok, err)
		}
		if err == nil {
			f.Close()
		}
		var fe *Error
		if err != nil && (!errors.As(err, &fe) || fe.HTTPStatus() != 502 || !strings.Contains(err.Error(), o.URL)) {
			t.Errorf("the error: %v", err)
		}
	}
}

func TestErrors(t *testing.T) {
	for status, want := range map[int]struct {
		answer int
		is     error
	}{
		404: {404, fs.ErrNotExist}, 410: {404, fs.ErrNotExist},
		401: {403, fs.ErrPermission}, 403: {403, fs.ErrPermission},
		400: {502, nil}, 500: {502, nil}, 502: {502, nil}, 503: {503, nil}, 504: {504, nil}, 429: {503, nil},
		204: {502, nil}, 304: {502, nil},
	} {
		o := newOrigin(t, 10)
		o.status = status
		c := newCache(t, Options{})
		secret := strings.Replace(o.URL, "http://", "http://me:secret@", 1)
		_, err := c.Open(t.Context(), secret+"/f")
		var fe *Error
		if !errors.As(err, &fe) || fe.Status != status || fe.HTTPStatus() != want.answer || want.is != nil && !errors.Is(err, want.is) {
			t.Errorf("%d: %v", status, err)
			continue
		}
		if s := err.Error(); strings.Contains(s, "secret") || strings.Count(s, "/f") != 1 || want.answer == 404 != strings.HasPrefix(s, "there is no file http://me:xxxxx@") {
			t.Errorf("%d: %s", status, s)
		}
	}
	c := newCache(t, Options{})
	for _, bad := range []string{"", "file:///etc/passwd", "/etc/passwd", "ftp://x/y", "http://", "http://a b/", ":"} {
		var fe *Error
		if _, err := c.Open(t.Context(), bad); !errors.As(err, &fe) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	o := newOrigin(t, 1000)
	hops := func(n int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var i int
			fmt.Sscanf(r.URL.Path, "/%d", &i)
			if i == n {
				http.Redirect(w, r, o.URL+"/f", http.StatusFound)
				return
			}
			http.Redirect(w, r, fmt.Sprintf("/%d", i+1), http.StatusMovedPermanently)
		}))
		t.Cleanup(s.Close)
		return s.URL + "/1"
	}
	c := newCache(t, Options{})
	if got := whole(t, c, hops(9)); !bytes.Equal(got, o.data) {
		t.Error("nine redirects")
	}
	if _, err := c.Open(t.Context(), hops(10)); err == nil || !strings.Contains(err.Error(), "10 redirects") {
		t.Errorf("ten redirects: %v", err)
	}
}

func TestClose(t *testing.T) {
	o := newOrigin(t, 2<<20)
	o.set(func(o *origin) { o.gate, o.breakAt = make(chan struct{}), 1000 })
	c := newCache(t, Options{Fresh: time.Hour})
	f := open(t, c, o.URL+"/f")
	failed := make(chan error)
	go func() {
		_, err := f.ReadAt(make([]byte, 1), 1<<20)
		failed <- err
	}()
	c.Close()
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("a waiting reader: %v", err)
	}
	if _, err := c.Open(t.Context(), o.URL+"/f"); !errors.Is(err, ErrClosed) {
		t.Errorf("open: %v", err)
	}
	f.Close()
}

// An address where nobody listens.
func TestUpstreamGone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := url.URL{Scheme: "http", Host: ln.Addr().String(), Path: "/f"}
	ln.Close()
	c := newCache(t, Options{})
	var fe *Error
	if _, err := c.Open(t.Context(), u.String()); !errors.As(err, &fe) || fe.HTTPStatus() != 502 {
		t.Errorf("%v", err)
	}
}
