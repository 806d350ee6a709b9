package iso_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/iso"
)

// sparse writes an image with most of its blocks left out.
func (i *isoImage) sparse(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.iso")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at, block := range i.blocks {
		if _, err := f.WriteAt(block, int64(at)*2048); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(int64(i.size) * 2048); err != nil {
		t.Fatal(err)
	}
	return path
}

// Opening an image of 8 GiB takes a few sectors and next to no memory, and a file of more
// than 4 GiB is one, of several extents that lie together or apart.
func TestLarge(t *testing.T) {
	const gib = 1 << 30
	i := newISO(8 * gib / 2048)
	name := func(n string) []byte { return use("NM", append([]byte{0}, n...)...) }
	second := uint32(1000 + (4*gib-2048)/2048)
	i.dir(isoRoot, true,
		record("BIG", 1000, 4*gib-2048, 0x80, name("big.squashfs")), record("BIG", second, gib, 0, name("big.squashfs")),
		record("APART", 2_000_000, 4*gib-2048, 0x80, name("apart")), record("APART", 30, 2048, 0x80, name("apart")), record("APART", 40, 5, 0, name("apart")))
	i.blocks[1000], i.blocks[second], i.blocks[30], i.blocks[40] = []byte("begin"), []byte("middle"), []byte("other"), []byte("last!")
	path := i.sparse(t)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, began := &counted{ReaderAt: f}, time.Now()
	image, err := iso.Open(r, 8*gib)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	used := after.TotalAlloc - before.TotalAlloc
	t.Logf("opened in %v with %d reads of %d bytes, %d bytes of memory", took, r.reads, r.bytes, used)
	if r.reads > 16 || r.bytes > 64<<10 || used > 1<<20 {
		t.Errorf("%d reads of %d bytes, %d bytes of memory", r.reads, r.bytes, used)
	}

	big, err := image.Open("big.squashfs")
	if err != nil {
		t.Fatal(err)
	}
	file := big.(*iso.File)
	if at, n, err := file.Place(5); at != 1000*2048+5 || n != 5*gib-2048-5 || err != nil {
		t.Errorf("its bytes are at %d, %d of them, %v", at, n, err)
	}
	apart, err := fs.Stat(image, "apart")
	if err != nil || apart.Size() != 4*gib+5 {
		t.Fatal(apart, err)
	}
	for name, at := range map[string]map[int64]string{
		"big.squashfs": {0: "begin", 4*gib - 2048: "middle"}, "apart": {4*gib - 2048: "other", 4 * gib: "last!"},
	} {
		f, err := image.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for off, want := range at {
			b := make([]byte, len(want))
			if _, err := f.(io.ReaderAt).ReadAt(b, off); err != nil && err != io.EOF || string(b) != want {
				t.Errorf("%s at %d: %q, %v", name, off, b, err)
			}
		}
	}
	for _, line := range []string{"5368707072 big.squashfs", "4294967301 apart"} {
		words := strings.Fields(line)
		if out := run(t, "7z", "l", "-tiso", path); !strings.Contains(out, words[0]) || !strings.Contains(out, words[1]) {
			t.Errorf("7-Zip doesn't list %s:\n%s", line, out)
		}
	}
}

// Many goroutines may read one image, of which more directories are read than are kept.
func TestManyReaders(t *testing.T) {
	i := newISO(3000)
	var dirs [][]byte
	for n := range uint32(100) {
		var files [][]byte
		for f := range 500 {
			files = append(files, record("F"+string(rune('A'+f/26))+string(rune('a'+f%26)), 30, 5, 0))
		}
		dirs = append(dirs, record("D"+string(rune('A'+n/26))+string(rune('A'+n%26)), 100+20*n, i.dir(100+20*n, false, files...), 2))
	}
	i.dir(isoRoot, false, dirs...)
	i.blocks[30] = []byte("hello")
	b := i.bytes()
	image, err := iso.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			seen := 0
			err := fs.WalkDir(image.Through(bytes.NewReader(b)), ".", func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					seen++
				}
				return err
			})
			if err != nil || seen != 100*500 {
				t.Errorf("reader %d: %d files, %v", n, seen, err)
			}
		})
	}
	all.Wait()
}

// What an image can't have read of it, whoever reads is told.
func TestReadErrors(t *testing.T) {
	i := newISO(100)
	i.dir(isoRoot, false, record("F", 30, 5000, 0), record("D", 31, 2048, 2))
	b := i.bytes()
	image, err := iso.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := image.ReadDir("."); err != nil {
		t.Fatal(err)
	}
	shorter := image.Through(bytes.NewReader(b[:31*2048]))
	if _, err := fs.ReadFile(shorter, "f"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if _, err := shorter.ReadDir("d"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
