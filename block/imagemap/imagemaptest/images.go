// Package imagemaptest has what the tests of image readers share: images that
// QEMU makes, and a look at hostile ones.
package imagemaptest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// QEMUImg runs qemu-img, which must succeed.
func QEMUImg(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command("qemu-img", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-img %q (package qemu-utils): %v: %s", args, err, out)
	}
}

// Image has qemu-img make an image of a disk of size bytes, of which its end and
// 70000 bytes in sparse times as many are written. want is what QEMU reads then.
func Image(t testing.TB, format, options string, size, sparse int) (name string, want []byte) {
	t.Helper()
	dir := t.TempDir()
	plain, name, back := filepath.Join(dir, "plain"), filepath.Join(dir, "disk."+format), filepath.Join(dir, "back")
	content := make([]byte, size)
	for i := range content {
		if i/70000%sparse == 1 || i > size-1000 {
			content[i] = byte(i*7 + i>>9)
		}
	}
	if err := os.WriteFile(plain, content, 0o600); err != nil {
		t.Fatal(err)
	}
	QEMUImg(t, "convert", "-f", "raw", "-O", format, "-o", options, plain, name)
	QEMUImg(t, "convert", "-f", format, "-O", "raw", name, back)
	want, err := os.ReadFile(back)
	if err != nil {
		t.Fatal(err)
	}
	return name, want
}

// File opens an image's file.
func File(t testing.TB, name string) *block.OSFile {
	t.Helper()
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Contents reads a whole disk.
func Contents(t testing.TB, d block.Device) []byte {
	t.Helper()
	p := make([]byte, d.Size())
	if err := d.Read(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	return p
}

// Look reads here and there of a disk whose image is anyone's, and lists its
// extents: errors are fine, panics and endless loops are not. It closes it.
func Look(t *testing.T, d block.Device) {
	t.Helper()
	defer func() { _ = d.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = d.Read(ctx, make([]byte, min(d.Size(), 1<<20)), 0)
	last := min(d.Size(), 10000)
	_ = d.Read(ctx, make([]byte, last), d.Size()-last)
	count := 0
	_ = d.Extents(ctx, 0, min(d.Size(), 1<<40), func(block.Extent) bool { count++; return count < 1000 })
}

// Source is bytes as the file of an image.
type Source struct{ *bytes.Reader }

// NewSource returns such a file.
func NewSource(p []byte) Source { return Source{bytes.NewReader(p)} }

// Size implements block.Source.
func (s Source) Size() (int64, error) { return s.Reader.Size(), nil }

// Close implements io.Closer.
func (Source) Close() error { return nil }
