package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

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
	if !errors.Is(err, ErrTooBig) || !strings.Contains(err.Error(), o.URL) || strings.Contains(err.Error(), "make room") {
		t.Errorf("%v", err)
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
	if len(c.rangeSlots) != 1 {
		t.Errorf("%d places are taken", len(c.rangeSlots))
	}
	close(gate)
	if data := whole(t, c, o.URL+"/f"); !bytes.Equal(data, o.data) {
		t.Error("wrong bytes")
	}
	f.ReadAt(end, 0)
	if len(c.rangeSlots) != 0 {
		t.Errorf("%d places are taken once the disk has all", len(c.rangeSlots))
	}
	// A changed upstream must not answer for this version.
	o.set(func(o *origin) { o.data, o.etag = pattern(24<<20, 2), `"v2"` })
	if _, err := f.ReadAt(end, 20<<20); err != nil || !bytes.Equal(end, pattern(24<<20, 1)[20<<20:23<<20]) {
		t.Errorf("after a change: %v", err)
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
