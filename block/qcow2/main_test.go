package qcow2

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/block"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// qemu runs a tool of package qemu-utils.
func qemu(t testing.TB, tool string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%v: install the package qemu-utils", err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", tool, args, err, out)
	}
	return string(out)
}

// tempDir is a folder in memory, where syncs cost nothing, if there is one.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "qcow2")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// file opens, and makes, a file. It takes no lock: a lock would be seen by the
// tools that tests which run at the same time start, until they have forgotten
// our descriptors.
func file(t testing.TB, name string) block.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	of, err := block.OpenFile(name, block.FileOptions{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// folder opens backing files in a folder.
func folder(t testing.TB, dir string, writable bool) Opener {
	return func(_ context.Context, ref Reference) (Backing, error) {
		name := filepath.Join(dir, filepath.Base(ref.Name))
		f, err := block.OpenFile(name, block.FileOptions{ReadOnly: !writable, Shared: true})
		return Backing{File: f, Name: name, Writable: writable}, err
	}
}

func open(t testing.TB, name string, o Options) *Image {
	t.Helper()
	if o.Opener == nil && o.Backing == nil {
		o.Opener = folder(t, filepath.Dir(name), false)
	}
	f, err := block.OpenFile(name, block.FileOptions{ReadOnly: o.ReadOnly, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	img, err := Open(t.Context(), f, o)
	if err != nil {
		f.Close()
		t.Fatal(err)
	}
	return img
}

func create(t testing.TB, name string, o CreateOptions) {
	t.Helper()
	f := file(t, name)
	defer f.Close()
	if err := Create(f, o); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

func contents(t testing.TB, d block.Device) []byte {
	t.Helper()
	b := make([]byte, d.Size())
	must(t, d.Read(t.Context(), b, 0))
	return b
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: byte %d of %d is %#02x, not %#02x", what, i, len(want), got[i], want[i])
		}
	}
	t.Fatalf("%s: %d bytes, not %d", what, len(got), len(want))
}
