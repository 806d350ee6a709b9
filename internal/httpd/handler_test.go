package httpd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"/a/b", "a/b"},
		{"a/b", "a/b"},
		{"//a///b", "a/b"},
		{`/EFI\BOOT\BOOTX64.EFI`, "EFI/BOOT/BOOTX64.EFI"},
		{`\a\\b`, "a/b"},
		{"/a/", "a"},
		{"/", "."},
		{"", "."},
		{"/./a/./b", "a/b"},
		{"/../../etc/passwd", "etc/passwd"},
		{`/a\..\..\..\etc`, "etc"},
		{"/a/..", "."},
		{"/a b/ü", "a b/ü"},
	} {
		if got, ok := Clean(c.in); got != c.want || !ok {
			t.Errorf("%q became %q, %v; want %q", c.in, got, ok, c.want)
		}
	}
	for _, bad := range []string{"/a\x00b", "/\xff"} {
		if got, ok := Clean(bad); ok {
			t.Errorf("%q was taken as %q", bad, got)
		}
	}
}

// gatewayError is like the errors of a package that fetches.
type gatewayError int

func (e gatewayError) Error() string   { return "upstream http://secret.example/ failed" }
func (e gatewayError) HTTPStatus() int { return int(e) }

// lockedError is one that a password would cure.
type lockedError struct{ error }

func (lockedError) HTTPStatus() int   { return 401 }
func (lockedError) Challenge() string { return `Basic realm="x"` }

// Who is to give a password is asked for one.
func TestChallenge(t *testing.T) {
	h := &Handler{Open: func(context.Context, *http.Request, string) (fs.File, error) {
		return nil, lockedError{fs.ErrPermission}
	}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Basic realm="x"` || !strings.Contains(w.Body.String(), "asks for a password") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// oftenError is one of who asks too often.
type oftenError struct{ error }

func (oftenError) HTTPStatus() int           { return 429 }
func (oftenError) RetryAfter() time.Duration { return 9100 * time.Millisecond }
func (oftenError) ClientText() string        { return "too often" }

// Who asks too often is told so, and when to come again.
func TestRetryAfter(t *testing.T) {
	h := &Handler{Open: func(context.Context, *http.Request, string) (fs.File, error) {
		return nil, oftenError{fs.ErrPermission}
	}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if w.Code != 429 || w.Header().Get("Retry-After") != "10" || w.Body.String() != "spur: too often\n" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		method, path string
		err          error
		want         int
	}{
		{"GET", "/x", fs.ErrNotExist, 404},
		{"GET", "/x", fmt.Errorf("open: %w", fs.ErrPermission), 403},
		{"GET", "/x", gatewayError(502), 502},
		{"GET", "/x", fmt.Errorf("fetch: %w", gatewayError(503)), 503},
		{"GET", "/x", gatewayError(504), 504},
		{"GET", "/x", gatewayError(200), 502},
		{"GET", "/x", context.DeadlineExceeded, 504},
		{"GET", "/x", errors.New("disk on fire"), 500},
		{"HEAD", "/x", fs.ErrNotExist, 404},
		{"GET", "/%00", nil, 400},
		{"POST", "/x", nil, 405},
		{"DELETE", "/x", nil, 405},
		{"GET", "/folder", nil, 404},
		{"GET", "/", nil, 404},
	} {
		rec := newRecorder()
		tree := FS(fstest.MapFS{"folder/x": {}, "x": {}})
		h := &Handler{Hooks: rec.hooks(), Open: func(ctx context.Context, r *http.Request, name string) (fs.File, error) {
			if c.err != nil {
				return nil, c.err
			}
			return tree(ctx, r, name)
		}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		body := w.Body.String()
		if w.Code != c.want || !strings.HasPrefix(body, "spur: ") || strings.Count(body, "\n") != 1 {
			t.Errorf("%s %s with %v: %d %q, want %d and one line", c.method, c.path, c.err, w.Code, body, c.want)
		}
		if strings.Contains(body, "secret") || strings.Contains(body, "fire") {
			t.Errorf("the answer tells too much: %q", body)
		}
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
			t.Errorf("an error came as %q", got)
		}
		if c.want == 405 && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("405 allows %q", w.Header().Get("Allow"))
		}
		if e := rec.next(t); e.err == nil || e.s.Status != c.want || rec.started != 1 {
			t.Errorf("hooks of %s %s: %+v", c.method, c.path, e)
		}
	}
}

func TestTypes(t *testing.T) {
	for name, want := range map[string]string{
		"BOOTX64.EFI": "application/efi",
		"debian.iso":  "application/vnd.efi-iso",
		"disk.img":    "application/vnd.efi-img",
		"boot.ipxe":   "text/plain; charset=utf-8",
		"grub.cfg":    "text/plain; charset=utf-8",
		"vmlinuz":     "application/octet-stream",
		"initrd.gz":   "application/octet-stream",
		"pxelinux.0":  "application/octet-stream",
	} {
		h := &Handler{Open: FS(fstest.MapFS{name: {Data: []byte("<html>")}})}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/"+name, nil))
		if got := w.Header().Get("Content-Type"); got != want || w.Header().Get("Content-Length") != "6" {
			t.Errorf("%s came as %q, length %s", name, got, w.Header().Get("Content-Length"))
		}
	}
}

// file is a file of which each test chooses what it can do.
type file struct {
	io.Reader
	size  int64
	mtime time.Time
}

func (f *file) Stat() (fs.FileInfo, error) { return f, nil }
func (f *file) Close() error               { return nil }
func (f *file) Name() string               { return "file" }
func (f *file) Size() int64                { return f.size }
func (f *file) Mode() fs.FileMode          { return 0o444 }
func (f *file) ModTime() time.Time         { return f.mtime }
func (f *file) IsDir() bool                { return false }
func (f *file) Sys() any                   { return nil }

type tagged struct {
	*file
	tag string
}

func (f tagged) ETag() string { return f.tag }

func opens(f fs.File) Opener {
	return func(context.Context, *http.Request, string) (fs.File, error) { return f, nil }
}

func TestEntityTags(t *testing.T) {
	mtime := time.Date(2026, 5, 4, 3, 2, 1, 9, time.UTC)
	of := func(size int64, mtime time.Time) *file { return &file{size: size, mtime: mtime} }
	for name, c := range map[string]struct {
		f    fs.File
		want string
	}{
		"time and size": {of(5, mtime), `"di9k3a7meyvd-5"`},
		"later":         {of(5, mtime.Add(1)), `"di9k3a7meyve-5"`},
		"no time":       {of(5, time.Time{}), ""},
		"no size":       {of(-1, mtime), ""},
		"own":           {tagged{of(5, mtime), `"own"`}, `"own"`},
		"own, none":     {tagged{of(5, mtime), ""}, ""},
	} {
		info, _ := c.f.Stat()
		if got := entityTag(c.f, info); got != c.want {
			t.Errorf("%s: tag %s, want %s", name, got, c.want)
		}
	}
}

func TestConditions(t *testing.T) {
	mtime := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	before, same := mtime.Add(-time.Hour).Format(http.TimeFormat), mtime.Format(http.TimeFormat)
	for _, c := range []struct {
		name   string
		header []string
		status int
		body   string
	}{
		{"nothing", nil, 200, "0123456789"},
		{"tag matches", []string{"If-None-Match", `"v1"`}, 304, ""},
		{"tag in a list", []string{"If-None-Match", `"v0", W/"v1"`}, 304, ""},
		{"tag differs", []string{"If-None-Match", `"v0"`}, 200, "0123456789"},
		{"not modified", []string{"If-Modified-Since", same}, 304, ""},
		{"modified", []string{"If-Modified-Since", before}, 200, "0123456789"},
		{"one byte", []string{"Range", "bytes=0-0"}, 206, "0"},
		{"middle", []string{"Range", "bytes=3-5"}, 206, "345"},
		{"rest", []string{"Range", "bytes=7-"}, 206, "789"},
		{"last", []string{"Range", "bytes=-2"}, 206, "89"},
		{"beyond", []string{"Range", "bytes=10-"}, 416, ""},
		{"nonsense", []string{"Range", "bytes=x"}, 416, ""},
		{"another unit", []string{"Range", "lines=1-2"}, 200, "0123456789"},
		{"no unit", []string{"Range", "1-2"}, 200, "0123456789"},
		{"unit in capitals", []string{"Range", "Bytes=0-1"}, 206, "01"},
		{"nothing at the end", []string{"Range", "bytes=-0"}, 416, ""},
		{"nothing at the end, and something", []string{"Range", "bytes=-00, 1-1"}, 206, "1"},
		{"more than all at the end", []string{"Range", "bytes=-11"}, 206, "0123456789"},
		{"range of this version", []string{"Range", "bytes=1-1", "If-Range", `"v1"`}, 206, "1"},
		{"range of another version", []string{"Range", "bytes=1-1", "If-Range", `"v0"`}, 200, "0123456789"},
		{"range of this time", []string{"Range", "bytes=1-1", "If-Range", same}, 206, "1"},
		{"range of another time", []string{"Range", "bytes=1-1", "If-Range", before}, 200, "0123456789"},
		{"must match", []string{"If-Match", `"v0"`}, 412, ""},
	} {
		// A reader that can't seek must give ranges all the same.
		f := tagged{&file{io.MultiReader(strings.NewReader("0123456789")), 10, mtime}, `"v1"`}
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/f", nil)
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		(&Handler{Open: opens(f)}).ServeHTTP(w, r)
		if w.Code != c.status || c.status < 400 && w.Body.String() != c.body {
			t.Errorf("%s: %d %q, want %d %q", c.name, w.Code, w.Body, c.status, c.body)
		}
	}
}

func TestUnknownSize(t *testing.T) {
	data := pattern(5 << 20)
	rec := newRecorder()
	addr := serve(t, &Server{Handler: &Handler{Hooks: rec.hooks(), Open: func(context.Context, *http.Request, string) (fs.File, error) {
		return &file{bytes.NewReader(data), -1, time.Time{}}, nil
	}}}, nil)
	resp, body, err := get(t, client(t), "http://"+addr+"/f", "Range", "bytes=0-0")
	if err != nil || resp.StatusCode != 200 || resp.ContentLength != -1 || !bytes.Equal(body, data) {
		t.Errorf("%v: %s, length %d, %d bytes", err, resp.Status, resp.ContentLength, len(body))
	}
	if e := rec.next(t); e.err != nil || e.s.Bytes != int64(len(data)) || e.t.Size != -1 {
		t.Errorf("hooks: %+v", e)
	}
}

// A reader that fails cuts the connection: the client must not take what it
// has for the file.
func TestSourceFails(t *testing.T) {
	for _, size := range []int64{1 << 20, -1} {
		rec := newRecorder()
		addr := serve(t, &Server{Handler: &Handler{Hooks: rec.hooks(), Open: func(context.Context, *http.Request, string) (fs.File, error) {
			broken := io.MultiReader(bytes.NewReader(pattern(100<<10)), iotestErr{errors.New("upstream broke")})
			return &file{broken, size, time.Time{}}, nil
		}}}, nil)
		if _, body, err := get(t, client(t), "http://"+addr+"/f"); err == nil {
			t.Errorf("size %d: %d bytes came without an error", size, len(body))
		}
		if e := rec.next(t); e.err == nil || !strings.Contains(e.err.Error(), "upstream broke") {
			t.Errorf("size %d: the hook was told %v", size, e.err)
		}
	}
}

type iotestErr struct{ err error }

func (r iotestErr) Read([]byte) (int, error) { return 0, r.err }
