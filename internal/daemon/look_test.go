package daemon

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
)

// counting counts what is sent of bodies.
type counting struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Looking into an image of a disc at a URL doesn't fetch all of it, unless its server
// sends nothing else.
func TestLookIntoAnImageElsewhere(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 32<<20/16)
	var sent atomic.Int64
	ranges := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ranges {
			r.Header.Del("Range")
		}
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(counting{w, &sent}, r, "", time.Time{}, bytes.NewReader(content))
	}))
	defer server.Close()
	for _, ranges = range []bool{true, false} {
		cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		sent.Store(0)
		f, err := lookURL(cache)(t.Context(), server.URL+"/some.ISO?token=x")
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil || info.Size() != int64(len(content)) {
			t.Errorf("%v, %v", info, err)
		}
		b := make([]byte, 100)
		if _, err := f.(io.ReaderAt).ReadAt(b, 20<<20+1); err != nil || !bytes.Equal(b, content[1:101]) {
			t.Errorf("%q, %v", b, err)
		}
		if n := sent.Load(); ranges && n > 1<<20 {
			t.Errorf("%d bytes were sent", n)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What lies in an image isn't fetched ahead, which would fetch all of the image.
func TestNothingInAnImageIsFetchedAhead(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	d := &daemon{cache: cache}
	d.fetchAhead(t.Context(), boot.File{Source: server.URL + "/some.iso", Inside: "kernel"})
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}
