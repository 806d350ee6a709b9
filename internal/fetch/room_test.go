package fetch

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/scratch"
)

// smallDisk is a cache in a file system of 48 MiB, of which a tenth is to stay free.
func smallDisk(t *testing.T, client *http.Client) *Cache {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	c, err := New(Options{Dir: dir, Fresh: time.Nanosecond, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// fill is another program that takes n bytes of the cache's file system.
func fill(t *testing.T, c *Cache, n int) (path string) {
	t.Helper()
	path = filepath.Join(c.opts.Dir, "filler")
	if err := os.WriteFile(path, make([]byte, n), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func plainClient() *http.Client { return &http.Client{Transport: &http.Transport{}} }

// What the file system has no room for isn't kept, and is once there is some.
func TestFullDisk(t *testing.T) {
	c := smallDisk(t, plainClient())
	filler := fill(t, c, 40<<20)
	o := newOrigin(t, 5<<20)
	if !bytes.Equal(whole(t, c, o.URL+"/f"), o.data) || onDisk(t, c) != 0 {
		t.Errorf("on a full disk: %d bytes are kept", onDisk(t, c))
	}
	os.Remove(filler)
	if !bytes.Equal(whole(t, c, o.URL+"/f"), o.data) || onDisk(t, c) != 5<<20 {
		t.Errorf("with room again: %d bytes are kept", onDisk(t, c))
	}
}

// What doesn't say its size is kept as far as the file system has room, and some stays free.
func TestEndlessOnDisk(t *testing.T) {
	c := smallDisk(t, plainClient())
	o := newOrigin(t, 80<<20)
	o.noLength = true
	_, err := io.Copy(io.Discard, open(t, c, o.URL+"/endless"))
	if advice := "make room in the file system of " + c.opts.Dir; !errors.Is(err, ErrTooBig) || !strings.Contains(err.Error(), advice) {
		t.Errorf("%v", err)
	}
	if free, kept, _ := scratch.Room(c.opts.Dir); free < kept || free > kept+2*copySize {
		t.Errorf("%d bytes are left free, and %d should be", free, kept)
	}
}

// Where evictions don't make room enough, no file goes in vain.
func TestFullDiskKeepsUnusedFiles(t *testing.T) {
	c := smallDisk(t, plainClient())
	o := newOrigin(t, 5<<20)
	whole(t, c, o.URL+"/kept")
	fill(t, c, 40<<20)
	for _, noLength := range []bool{false, true} {
		o.set(func(o *origin) { o.noLength = noLength })
		if whole(t, c, o.URL+"/new"); onDisk(t, c) != 5<<20 {
			t.Errorf("%d bytes are on disk", onDisk(t, c))
		}
	}
}

// deaf has bodies at /slow that don't end with their request: they wait for the gate, after
// so many bytes.
type deaf struct {
	http.RoundTripper
	gate  chan struct{}
	after int64
}

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	if err == nil && r.URL.Path == "/slow" {
		resp.Body = deafBody{resp.Body, io.MultiReader(io.LimitReader(resp.Body, d.after), d)}
	}
	return resp, err
}

func (d deaf) Read([]byte) (int, error) {
	<-d.gate
	return 0, io.ErrUnexpectedEOF
}

type deafBody struct {
	io.Closer
	io.Reader
}

// A download that was evicted has its bytes on disk until it has ended: no other file goes
// for them.
func TestEvictedDownloadCounts(t *testing.T) {
	d := deaf{&http.Transport{}, make(chan struct{}), 18 << 20}
	c := smallDisk(t, &http.Client{Transport: d})
	t.Cleanup(func() { close(d.gate) })
	o := newOrigin(t, 20<<20)
	slow := open(t, c, o.URL+"/slow")
	if _, err := io.CopyN(io.Discard, slow, d.after); err != nil {
		t.Fatal(err)
	}
	slow.Close()
	o.set(func(o *origin) { o.data = pattern(10<<20, 1) })
	whole(t, c, o.URL+"/whole")
	o.set(func(o *origin) { o.data = pattern(16<<20, 1) })
	if whole(t, c, o.URL+"/new"); onDisk(t, c) != 26<<20 {
		t.Errorf("%d bytes are on disk", onDisk(t, c))
	}
	o.set(func(o *origin) { o.data = pattern(3<<20, 1) })
	if whole(t, c, o.URL+"/next"); onDisk(t, c) != 29<<20 {
		t.Errorf("%d bytes are on disk after the next file", onDisk(t, c))
	}
}

// A version that was replaced while it comes has a promise still.
func TestReplacedDownloadCounts(t *testing.T) {
	c := smallDisk(t, plainClient())
	o := newOrigin(t, 20<<20)
	first, gate := o.data, make(chan struct{})
	o.breakAt, o.gate = 1<<20, gate
	old := open(t, c, o.URL+"/f")
	o.set(func(o *origin) { o.data, o.etag, o.gate = pattern(20<<20, 2), `"v2"`, nil })
	current := open(t, c, o.URL+"/f")
	if _, err := io.Copy(io.Discard, current); err != nil {
		t.Fatal(err)
	}
	o.set(func(o *origin) { o.data = pattern(10<<20, 3) })
	if f := open(t, c, o.URL+"/other"); f.disk != nil {
		t.Error("the room of a download was given away")
	}
	close(gate)
	if data, err := io.ReadAll(old); err != nil || !bytes.Equal(data, first) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}
