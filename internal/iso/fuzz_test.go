package iso_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/iso"
)

// small writes a small tree, for seeds of fuzz tests.
func small(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, size := range map[string]int{"kernel": 10, "a/long name of a file": 3000} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, content(name, size), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Symlink("a/long name of a file", filepath.Join(dir, "link")); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// FuzzOpen changes two places of a good image, and walks whatever is there then.
func FuzzOpen(f *testing.F) {
	dir := small(f)
	var images [][]byte
	for _, args := range [][]string{
		{"xorriso", "-as", "mkisofs", "-R", "-J"},
		{"genisoimage", "-quiet", "-J"},
		{"genisoimage", "-quiet", "-R"},
	} {
		path := filepath.Join(f.TempDir(), "image.iso")
		run(f, args[0], append(args[1:], "-no-pad", "-o", path, dir)...)
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		images = append(images, b[:min(len(b), 64<<11)])
	}
	f.Add(uint8(0), uint16(16*64+4), []byte{0, 4}, uint16(18*64), []byte{1, 2, 3})
	f.Add(uint8(1), uint16(17*64), []byte{2}, uint16(30*64), []byte{34})
	f.Add(uint8(2), uint16(20*64+1), []byte("CE"), uint16(23*64), bytes.Repeat([]byte{255}, 16))
	f.Fuzz(func(t *testing.T, which uint8, at1 uint16, change1 []byte, at2 uint16, change2 []byte) {
		b := bytes.Clone(images[int(which)%len(images)])
		copy(b[int(at1)*32%len(b):], change1)
		copy(b[int(at2)*32%len(b):], change2)
		explore(t, bytes.NewReader(b), int64(len(b)))
	})
}

// explore reads all that an image has, a bounded number of files.
func explore(t *testing.T, r io.ReaderAt, size int64) {
	image, err := iso.Open(r, size)
	if err != nil {
		return
	}
	left := 1000
	_ = fs.WalkDir(image, ".", func(path string, d fs.DirEntry, err error) error {
		if left--; left < 0 {
			return fs.SkipAll
		}
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // damaged
		}
		file, err := image.Open(path)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		n, err := io.Copy(io.Discard, file)
		if info, _ := file.Stat(); err != nil || n != info.Size() || n > size {
			t.Errorf("%s: %d bytes of %d, %v", path, n, info.Size(), err)
		}
		return file.Close()
	})
}
