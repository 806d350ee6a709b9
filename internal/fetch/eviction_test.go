package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
			if disk, _, _, err := f.Backing(0); disk != nil || err != nil || onDisk(t, c) != 0 {
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

// A download that nobody waits for doesn't make room for itself.
func TestLingeringDownloadOutgrows(t *testing.T) {
	o := newOrigin(t, 8<<20)
	o.noLength, o.breakAt, o.gate = true, 1<<20, make(chan struct{})
	c := newCache(t, Options{MaxBytes: 5 << 20, Fresh: time.Hour}) // and looks at its account
	f := open(t, c, o.URL+"/f")
	if _, err := f.ReadAt(make([]byte, 1), 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	close(o.gate)
	for _, done, err := f.e.state(); !done || !errors.Is(err, ErrTooBig); _, done, err = f.e.state() {
		if done {
			t.Fatalf("the download ended with %v", err)
		}
		time.Sleep(time.Millisecond)
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
}

// Without a folder nothing is written anywhere.
func TestNoFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	o := newOrigin(t, 100_000)
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		f := open(t, c, o.URL+"/f")
		if data, err := io.ReadAll(f); err != nil || !bytes.Equal(data, o.data) {
			t.Errorf("%d bytes, %v", len(data), err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
}
