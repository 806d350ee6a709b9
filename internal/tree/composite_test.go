package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"
	"time"

	"github.com/spurboot/spur/internal/httpd"
)

func TestComposite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "part")
	want := bytes.Join([][]byte{[]byte("head"), make([]byte, 12), []byte("a file's bytes"), []byte("tail")}, nil)
	if err := os.WriteFile(path, []byte("a file's bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := composite(t, path)
	if c.Size() != int64(len(want)) {
		t.Errorf("size %d, want %d", c.Size(), len(want))
	}
	if err := iotest.TestReader(c, want); err != nil {
		t.Error(err)
	}
	tag := c.ETag()
	if again := composite(t, path); again.ETag() != tag {
		t.Errorf("the same sections have the tags %s and %s", tag, again.ETag())
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if again := composite(t, path); again.ETag() == tag {
		t.Error("another version of a part has the same tag")
	}
}

// composite is a small file of every sort of section.
func composite(t *testing.T, path string) *Composite {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Whole(f)
	if err != nil {
		t.Fatal(err)
	}
	c := NewComposite("c", Bytes([]byte("head")), Zeros(12), whole, Bytes(nil), Bytes([]byte("tail")))
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the part is still open: %v", err)
		}
	})
	return c
}

func TestPartBecameShorter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, make([]byte, 100), 0o644); err != nil {
		t.Fatal(err)
	}
	c := composite(t, path)
	if err := os.Truncate(path, 50); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// What nobody can tell the version of is no part: its bytes could change under
// the same tag.
func TestPartWithoutVersion(t *testing.T) {
	if _, err := Whole(newGenerated("g", "text")); err != nil {
		t.Errorf("a generated file: %v", err)
	}
	if _, err := Whole(nameless{newGenerated("g", "text")}); err == nil {
		t.Error("a file without tag and time is taken")
	}
}

type nameless struct{ g *generated }

func (n nameless) Read(p []byte) (int, error)              { return n.g.Read(p) }
func (n nameless) ReadAt(p []byte, off int64) (int, error) { return n.g.ReadAt(p, off) }
func (n nameless) Stat() (fs.FileInfo, error)              { return n.g.Stat() }
func (n nameless) Close() error                            { return nil }

// Four GiB are served by ranges, with a fixed tag, and take no memory.
func TestCompositeOfFourGiB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "initrd")
	const size = 4 << 30
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	marks := map[int64]string{0: "first", 2<<30 - 3: "middle", size - 4: "last"}
	for off, text := range marks {
		if _, err := f.WriteAt([]byte(text), off); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	head := bytes.Repeat([]byte("stub"), 16<<10)
	open := func() (*Composite, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		whole, err := Whole(f)
		if err != nil {
			return nil, err
		}
		return NewComposite("uki.efi", Bytes(head), Zeros(512), whole), nil
	}
	url := serve(t, func() (fs.File, error) { return open() })
	held := &sampler{}
	before := held.memory()
	from := int64(len(head) + 512)
	tag := ""
	for off, text := range marks {
		var got bytes.Buffer
		etag := ranged(t, url, from+off, int64(len(text)), &got)
		if got.String() != text || etag == "" || tag != "" && etag != tag {
			t.Errorf("at %d: %q with the tag %s, after %s", off, got.String(), etag, tag)
		}
		tag = etag
	}
	ranged(t, url, 1<<30, 256<<20, held)
	if held.samples < 4 || held.most > before+1<<20 {
		t.Errorf("%d KiB of memory are held at most, %d KiB before, by %d samples", held.most>>10, before>>10, held.samples)
	}
	again := serve(t, func() (fs.File, error) { return open() })
	if etag := ranged(t, again, 0, 1, io.Discard); etag != tag {
		t.Errorf("after a restart the tag is %s, it was %s", etag, tag)
	}
}

// sampler looks, while it is written to, how much memory is in use.
type sampler struct {
	bytes, samples int
	most           uint64
}

func (s *sampler) Write(p []byte) (int, error) {
	if s.bytes += len(p); s.bytes >= (s.samples+1)*(32<<20) {
		s.samples++
		s.most = max(s.most, s.memory())
	}
	return len(p), nil
}

func (*sampler) memory() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// ranged fetches n bytes from an offset on, and returns the entity tag.
func ranged(t *testing.T, url string, off, n int64, to io.Writer) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+n-1))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.Copy(to, answer.Body)
	if err != nil || got != n || answer.StatusCode != http.StatusPartialContent {
		t.Fatalf("%d bytes at %d: %d bytes, %s, %v", n, off, got, answer.Status, err)
	}
	return answer.Header.Get("ETag")
}

// serve serves a file over HTTP, by Spur's own server.
func serve(t *testing.T, open func() (fs.File, error)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := http.Server{ //nolint:gosec // a test's own client
		Handler: &httpd.Handler{Open: func(context.Context, *http.Request, string) (fs.File, error) { return open() }},
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return fmt.Sprintf("http://%s/uki.efi", l.Addr())
}
