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
	"os"
	"path/filepath"
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
	if disk, n, err := f.Backing(100); err != nil || disk == nil || n != 1<<20-100 {
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
	if _, _, err := f.Backing(2 << 20); err != io.EOF {
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

func TestUnknownSize(t *testing.T) {
	o := newOrigin(t, 1<<20)
	o.noLength = true
	c := newCache(t, Options{Fresh: time.Hour})
	f := open(t, c, o.URL+"/f")
	if info, _ := f.Stat(); info.Size() != -1 {
		t.Logf("size %d: all has come already", info.Size())
	}
	if data, err := io.ReadAll(f); err != nil || !bytes.Equal(data, o.data) {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	if info, _ := f.Stat(); info.Size() != 1<<20 {
		t.Errorf("size %d", info.Size())
	}
	if c.mu.Lock(); c.used != 1<<20 {
		t.Errorf("%d bytes are accounted for", c.used)
	}
	c.mu.Unlock()
}

func TestUnknownSizeTooBig(t *testing.T) {
	o := newOrigin(t, 8<<20)
	o.noLength = true
	c := newCache(t, Options{Fresh: time.Hour, MaxBytes: 5 << 20})
	_, err := io.Copy(io.Discard, open(t, c, o.URL+"/f"))
	if !errors.Is(err, ErrTooBig) || !strings.Contains(err.Error(), o.URL) {
		t.Errorf("%v", err)
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

// Without any validator each check brings a new version.
func TestNoValidators(t *testing.T) {
	o := newOrigin(t, 50_000)
	o.etag = ""
	c := newCache(t, Options{})
	a, b := open(t, c, o.URL+"/f"), open(t, c, o.URL+"/f")
	if a.ETag() == "" || a.ETag() == b.ETag() {
		t.Errorf("tags %q and %q", a.ETag(), b.ETag())
	}
	o.set(func(o *origin) { o.data = pattern(50_000, 2) })
	if got := whole(t, c, o.URL+"/f"); !bytes.Equal(got, o.data) {
		t.Error("the change was not noticed")
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

func TestBrokenDownloads(t *testing.T) {
	old := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for name, c := range map[string]struct {
		set  func(*origin)
		want error // nil: the download goes on
	}{
		"by tag":         {func(o *origin) {}, nil},
		"by time":        {func(o *origin) { o.etag, o.modified = "", old }, nil},
		"without ranges": {func(o *origin) { o.noRange = true }, nil},
		"three times":    {func(o *origin) { o.breaks = 3 }, nil},
		"weak tag":       {func(o *origin) { o.etag = `W/"v1"` }, io.ErrUnexpectedEOF},
		"no validator":   {func(o *origin) { o.etag = "" }, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, 2<<20)
			o.breaks, o.breakAt = 1, 600_000
			o.set(c.set)
			cache := newCache(t, Options{})
			data, err := io.ReadAll(open(t, cache, o.URL+"/f"))
			if c.want == nil && (err != nil || !bytes.Equal(data, o.data)) {
				t.Errorf("%d bytes, %v", len(data), err)
			}
			if c.want != nil && (!errors.Is(err, c.want) || !strings.Contains(err.Error(), o.URL)) {
				t.Errorf("%v, want %v and the URL", err, c.want)
			}
			if !bytes.HasPrefix(o.data, data) {
				t.Error("wrong bytes")
			}
			for _, h := range o.requests()[1:] {
				if h.Get("Range") == "" || h.Get("If-Range") == "" {
					t.Errorf("asked for the rest with %v", h)
				}
			}
		})
	}
}

// The rest of another version is never put behind the start of this one.
func TestChangedWhileBroken(t *testing.T) {
	for name, noRange := range map[string]bool{"with ranges": false, "without ranges": true} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, 2<<20)
			first := o.data
			o.breaks, o.breakAt, o.noRange = 1, 600_000, noRange
			c := newCache(t, Options{})
			f := open(t, c, o.URL+"/f")
			part := make([]byte, 600_000)
			if _, err := io.ReadFull(f, part); err != nil {
				t.Fatal(err)
			}
			o.set(func(o *origin) { o.data, o.etag = pattern(2<<20, 2), `"v2"` })
			rest, err := io.ReadAll(f)
			if !errors.Is(err, ErrChanged) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v", err)
			}
			if err == nil || !bytes.HasPrefix(first, append(part, rest...)) {
				t.Errorf("%d more bytes, %v", len(rest), err)
			}
			if got := whole(t, c, o.URL+"/f"); !bytes.Equal(got, o.data) {
				t.Error("who opens it now doesn't get the new version")
			}
		})
	}
}

func TestReadAhead(t *testing.T) {
	o := newOrigin(t, 24<<20)
	gate := make(chan struct{})
	o.set(func(o *origin) { o.gate, o.breakAt = gate, 1<<20 })
	c := newCache(t, Options{Fresh: time.Hour})
	f := open(t, c, o.URL+"/f")
	f.ReadAt(make([]byte, 1), 0)
	o.set(func(o *origin) { o.gate = nil })
	end := make([]byte, 3<<20)
	if _, err := f.ReadAt(end, 20<<20); err != nil || !bytes.Equal(end, o.data[20<<20:23<<20]) {
		t.Fatalf("far ahead: %v", err)
	}
	for i, h := range o.requests()[1:] {
		if h.Get("If-Range") != `"v1"` || !strings.HasPrefix(h.Get("Range"), "bytes=2") {
			t.Errorf("request %d: %v", i+1, h)
		}
	}
	if len(c.side) != 1 {
		t.Errorf("%d places are taken", len(c.side))
	}
	close(gate)
	if data := whole(t, c, o.URL+"/f"); !bytes.Equal(data, o.data) {
		t.Error("wrong bytes")
	}
	f.ReadAt(end, 0)
	if len(c.side) != 0 {
		t.Errorf("%d places are taken once the disk has all", len(c.side))
	}
	// A changed upstream must not answer for this version.
	o.set(func(o *origin) { o.data, o.etag = pattern(24<<20, 2), `"v2"` })
	if _, err := f.ReadAt(end, 20<<20); err != nil || !bytes.Equal(end, o.seenData(1)[20<<20:23<<20]) {
		t.Errorf("after a change: %v", err)
	}
}

func (o *origin) seenData(seed byte) []byte { return pattern(24<<20, seed) }

// What doesn't fit isn't kept, and can be read all the same.
func TestNotKept(t *testing.T) {
	for name, set := range map[string]func(*origin){
		"ranges":        func(o *origin) {},
		"breaks":        func(o *origin) { o.breaks, o.breakAt = 2, 100_000 },
		"no ranges":     func(o *origin) { o.noRange = true },
		"no validators": func(o *origin) { o.etag = "" },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, 5<<20)
			o.set(set)
			c := newCache(t, Options{MaxBytes: 1 << 20, Fresh: time.Hour})
			f := open(t, c, o.URL+"/f")
			if info, _ := f.Stat(); info.Size() != 5<<20 {
				t.Errorf("size %d", info.Size())
			}
			if data, err := io.ReadAll(f); err != nil || !bytes.Equal(data, o.data) {
				t.Errorf("%d bytes, %v", len(data), err)
			}
			if disk, _, err := f.Backing(0); disk != nil || err != nil || onDisk(t, c) != 0 {
				t.Errorf("it is on disk: %v, %v", disk, err)
			}
			if name == "no validators" {
				return
			}
			got := make([]byte, 1000)
			if _, err := f.ReadAt(got, 3<<20); err != nil || !bytes.Equal(got, o.data[3<<20:3<<20+1000]) {
				t.Errorf("from the middle: %v", err)
			}
			o.set(func(o *origin) { o.data, o.etag = pattern(5<<20, 2), `"v2"` })
			if _, err := f.ReadAt(got, 2<<20); !errors.Is(err, ErrChanged) {
				t.Errorf("after a change: %v", err)
			}
		})
	}
}

func TestLeastRecentlyUsedGoes(t *testing.T) {
	o := newOrigin(t, 100_000)
	c := newCache(t, Options{MaxBytes: 350_000, Fresh: time.Hour})
	held := open(t, c, o.URL+"/held")
	io.Copy(io.Discard, held)
	for i := range 10 {
		whole(t, c, fmt.Sprintf("%s/%d", o.URL, i))
		if n := onDisk(t, c); n > 350_000 {
			t.Errorf("%d bytes on disk", n)
		}
	}
	before := len(o.requests())
	for _, name := range []string{"/held", "/8", "/9"} {
		whole(t, c, o.URL+name)
	}
	if n := len(o.requests()); n != before {
		t.Errorf("%d files had to be fetched again", n-before)
	}
	whole(t, c, o.URL+"/7")
	if n := len(o.requests()); n != before+1 {
		t.Error("an old file was kept beyond the bound")
	}
	// With all in use, the next one isn't kept.
	open(t, c, o.URL+"/7")
	open(t, c, o.URL+"/9")
	if f := open(t, c, o.URL+"/more"); f.disk != nil {
		t.Error("a file was kept beyond the bound")
	}
}

func TestTooManyFiles(t *testing.T) {
	o := newOrigin(t, 100)
	c := newCache(t, Options{MaxFiles: 2, Fresh: time.Hour})
	open(t, c, o.URL+"/1")
	open(t, c, o.URL+"/2").Close()
	open(t, c, o.URL+"/3")
	_, err := c.Open(t.Context(), o.URL+"/4")
	var fe *Error
	if !errors.Is(err, ErrFull) || !errors.As(err, &fe) || fe.HTTPStatus() != 503 {
		t.Errorf("%v", err)
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
		if s := err.Error(); strings.Contains(s, "secret") || strings.Count(s, "/f:") != 1 {
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

func TestTimeouts(t *testing.T) {
	hang := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/header", func(w http.ResponseWriter, r *http.Request) { <-hang })
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("begin"))
		w.(http.Flusher).Flush()
		<-hang
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	defer close(hang)
	c := newCache(t, Options{HeaderTimeout: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond})
	var fe *Error
	if _, err := c.Open(t.Context(), s.URL+"/header"); !errors.As(err, &fe) || !fe.Timeout() || fe.HTTPStatus() != 504 {
		t.Errorf("no header: %v", err)
	}
	data, err := io.ReadAll(open(t, c, s.URL+"/body"))
	if !errors.As(err, &fe) || !fe.Timeout() || string(data) != "begin" {
		t.Errorf("no more body: %q, %v", data, err)
	}
	// Who asks with a time of their own leaves alone.
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Open(ctx, s.URL+"/header"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("own deadline: %v", err)
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

// Download without readers: given up after a while, and begun anew.
func TestLinger(t *testing.T) {
	o := newOrigin(t, 2<<20)
	gate := make(chan struct{})
	o.set(func(o *origin) { o.gate, o.breakAt = gate, 1000 })
	c := newCache(t, Options{Fresh: time.Hour, Linger: 20 * time.Millisecond})
	open(t, c, o.URL+"/f").Close()
	open(t, c, o.URL+"/f").Close() // came back in time
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c.mu.Lock()
		count := c.count
		c.mu.Unlock()
		if count == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the download goes on for nobody")
		}
	}
	if n := len(o.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	o.set(func(o *origin) { o.gate = nil })
	if got := whole(t, c, o.URL+"/f"); !bytes.Equal(got, o.data) {
		t.Error("wrong bytes")
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

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second cache over one folder: %v", err)
	}
	c.Close()
	os.WriteFile(filepath.Join(dir, "fetch-1.part"), []byte("old"), 0o600)
	os.WriteFile(filepath.Join(dir, "other"), []byte("not ours"), 0o600)
	c, err = New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if left, _ := os.ReadDir(dir); len(left) != 2 { // the lock and the other
		t.Errorf("left in the folder: %v", left)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no folder")
	}
}

// A file that shrinks upstream between the answer and its end, and an address
// where nobody listens.
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
