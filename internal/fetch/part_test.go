package fetch

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

// part reads a part of a file.
func part(t *testing.T, c *Cache, url string, off, size int64) ([]byte, *File) {
	t.Helper()
	f, err := c.OpenPart(t.Context(), url, off, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b, f
}

// Parts come alone, once, and know the file that they are of.
func TestParts(t *testing.T) {
	o := newOrigin(t, 10<<20)
	for name, opts := range map[string]Options{"kept": {Dir: t.TempDir(), Fresh: time.Hour}, "not kept": {}} {
		t.Run(name, func(t *testing.T) {
			c, before := newCache(t, opts), len(o.requests())
			for range 2 {
				for _, span := range [][2]int64{{0, 1000}, {5 << 20, 3 << 20}, {10<<20 - 5, 100}} {
					end := min(span[0]+span[1], int64(len(o.data)))
					got, f := part(t, c, o.URL, span[0], span[1])
					if !bytes.Equal(got, o.data[span[0]:end]) {
						t.Errorf("%d bytes at %d are others", len(got), span[0])
					}
					if info, _ := f.Stat(); f.Whole() != 10<<20 || info.Size() != end-span[0] || f.ETag() != o.etag {
						t.Errorf("%d of %d bytes, %s", info.Size(), f.Whole(), f.ETag())
					}
				}
			}
			if n := len(o.requests()) - before; name == "kept" && n != 3 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// A part goes on where its answer broke, and is asked for again when the file is another.
func TestPartBreaksAndChanges(t *testing.T) {
	o := newOrigin(t, 8<<20)
	o.set(func(o *origin) { o.breaks, o.breakAt = 1, 100_000 })
	c := newCache(t, Options{Dir: t.TempDir(), Fresh: time.Nanosecond})
	if got, _ := part(t, c, o.URL, 1<<20, 2<<20); !bytes.Equal(got, o.data[1<<20:3<<20]) {
		t.Error("what broke is something else")
	}
	if got, _ := part(t, c, o.URL, 1<<20, 2<<20); !bytes.Equal(got, o.data[1<<20:3<<20]) {
		t.Error("what was asked again is something else")
	}
	seen := o.requests()
	if last := seen[len(seen)-1]; len(seen) != 3 || last.Get("If-None-Match") != `"v1"` {
		t.Errorf("%d requests, the last one with %v", len(seen), last)
	}
	o.set(func(o *origin) { o.data, o.etag = pattern(8<<20, 9), `"v2"` })
	if got, f := part(t, c, o.URL, 1<<20, 2<<20); !bytes.Equal(got, o.data[1<<20:3<<20]) || f.ETag() != `"v2"` {
		t.Error("the old version came")
	}
}

// Where parts can't be had or told apart, whoever asks is told.
func TestNoParts(t *testing.T) {
	for name, change := range map[string]func(*origin){
		"without ranges": func(o *origin) { o.noRange = true }, "a weak tag": func(o *origin) { o.etag = `W/"v1"` },
	} {
		o := newOrigin(t, 1<<20)
		o.set(change)
		c := newCache(t, Options{Dir: t.TempDir()})
		if f, err := c.OpenPart(t.Context(), o.URL, 1000, 1000); !errors.Is(err, ErrNoParts) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
		if got := whole(t, c, o.URL); !bytes.Equal(got, o.data) {
			t.Errorf("%s: the whole is something else", name)
		}
	}
	o := newOrigin(t, 1000)
	c := newCache(t, Options{Dir: t.TempDir()})
	var refused *Error
	if f, err := c.OpenPart(t.Context(), o.URL, 2000, 10); !errors.As(err, &refused) || refused.Status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("behind the end: %v, %v", f, err)
	}
}
