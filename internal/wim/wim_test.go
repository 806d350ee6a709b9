package wim_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/wim"
)

// made has wimlib make a WIM of a tree with these files, as Windows PE has them.
func made(tb testing.TB, options []string, files ...string) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "tree")
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	to := filepath.Join(tb.TempDir(), "boot.wim")
	run(tb, append([]string{"capture", dir, to}, options...)...)
	return to
}

func run(tb testing.TB, args ...string) {
	tb.Helper()
	if out, err := exec.Command("wimlib-imagex", args...).CombinedOutput(); err != nil {
		tb.Fatalf("wimlib-imagex %v: %v\n%s", args, err, out)
	}
}

func open(tb testing.TB, path string) *wim.WIM {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	w, err := wim.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// many are so many files that their folders are several chunks.
func many() []string {
	var all []string
	for i := range 600 {
		all = append(all, fmt.Sprintf("Windows/System32/drivers/driver%04d.sys", i))
	}
	return append(all, "Windows/Boot/DVD/PCAT/BCD", "Windows/Boot/DVD/PCAT/boot.sdi", "Windows/zz/last")
}

func TestImages(t *testing.T) {
	path := made(t, []string{"Windows Setup", "--boot", "--image-property", "WINDOWS/ARCH=12", "--image-property", "WINDOWS/VERSION/MAJOR=10",
		"--image-property", "WINDOWS/VERSION/MINOR=0", "--image-property", "WINDOWS/VERSION/BUILD=26100"}, "a")
	w := open(t, path)
	image, ok := w.Image(1)
	if want := (wim.Image{Index: 1, Name: "Windows Setup", Arch: wim.ARM64, Build: "10.0.26100"}); !ok || image != want || w.Boot != 1 || w.Parts != 1 {
		t.Errorf("%+v, %v, boot %d, parts %d", image, ok, w.Boot, w.Parts)
	}
	if _, ok := w.Image(2); ok {
		t.Error("there is a second image")
	}
}

// An image that says nothing of Windows, in a file of which none boots.
func TestUnsaid(t *testing.T) {
	w := open(t, made(t, nil, "a"))
	if image, ok := w.Image(1); !ok || image.Arch != wim.Unsaid || image.Build != "" || w.Boot != 0 {
		t.Errorf("%+v, %v, boot %d", image, ok, w.Boot)
	}
}

func TestTree(t *testing.T) {
	for _, options := range [][]string{{"--compress=LZX"}, {"--compress=none"}} {
		path := made(t, append([]string{"first", "--boot"}, options...), many()...)
		run(t, "append", filepath.Dir(made(t, nil, "other")), path, "second", "--boot")
		w := open(t, path)
		for index, want := range map[int][]string{
			1: {"windows/boot/dvd/pcat/bcd", "Windows/Boot/DVD/PCAT/boot.sdi", "Windows/zz/last", "Windows", "Windows/System32/drivers/driver0599.sys"},
			2: {"boot.wim"},
		} {
			tree, err := w.Tree(index)
			if err != nil {
				t.Fatal(options, index, err)
			}
			for _, name := range want {
				if !tree.Has(name) {
					t.Errorf("%v: image %d has no %s", options, index, name)
				}
			}
			for _, name := range []string{"Windows/Boot/DVD/EFI/BCD", "Windows/Boot/DVD/PCAT/BCD/x", "", "nothing", "Windows/System32/drivers/driver0600.sys"} {
				if tree.Has(name) {
					t.Errorf("%v: image %d has %q", options, index, name)
				}
			}
		}
		if _, err := w.Tree(3); err == nil {
			t.Error("there is a third image")
		}
	}
}

// What is packed in another way is told apart from what is damaged.
func TestOtherCompression(t *testing.T) {
	for _, options := range [][]string{{"--compress=XPRESS"}, {"--solid"}} {
		w := open(t, made(t, append([]string{"--boot"}, options...), many()...))
		if _, err := w.Tree(1); !errors.Is(err, wim.ErrCompression) {
			t.Errorf("%v: %v", options, err)
		}
	}
}

// Places and sizes outside of the file, or far too large, end in an error at once.
func TestHostile(t *testing.T) {
	good, err := os.ReadFile(made(t, []string{"x", "--boot"}, many()...))
	if err != nil {
		t.Fatal(err)
	}
	const huge = 1<<55 - 1
	for name, change := range map[string]func([]byte) []byte{
		"XML of petabytes":  func(b []byte) []byte { binary.LittleEndian.PutUint64(b[72:], huge); return b },
		"XML outside":       func(b []byte) []byte { binary.LittleEndian.PutUint64(b[80:], 1<<62); return b },
		"XML at -1":         func(b []byte) []byte { binary.LittleEndian.PutUint64(b[80:], 1<<64-1); return b },
		"XML unpacks large": func(b []byte) []byte { binary.LittleEndian.PutUint64(b[88:], 1<<62); return b },
		"images":            func(b []byte) []byte { binary.LittleEndian.PutUint32(b[44:], 1<<31); return b },
		"boot index":        func(b []byte) []byte { binary.LittleEndian.PutUint32(b[120:], 7); return b },
		"cut off":           func(b []byte) []byte { return b[:100] },
		"no XML":            func(b []byte) []byte { return b[:300] },
	} {
		b := change(slices.Clone(good))
		if _, err := wim.Open(bytes.NewReader(b), int64(len(b))); err == nil || errors.Is(err, wim.ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func([]byte){
		"folders of petabytes":  func(b []byte) { binary.LittleEndian.PutUint64(b[96:], huge) },
		"folders outside":       func(b []byte) { binary.LittleEndian.PutUint64(b[104:], 1<<63) },
		"folders unpack large":  func(b []byte) { binary.LittleEndian.PutUint64(b[112:], 1<<62) },
		"folders unpack larger": func(b []byte) { binary.LittleEndian.PutUint64(b[112:], 60<<20) },
		"chunks backwards":      func(b []byte) { copy(b[binary.LittleEndian.Uint64(b[104:]):], strings.Repeat("\xff", 8)) },
	} {
		b := slices.Clone(good)
		change(b)
		w, err := wim.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(name, err)
		}
		if tree, err := w.Tree(1); err == nil && tree.Has("Windows/zz/last") {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := wim.Open(strings.NewReader("MSWIM"), 5); !errors.Is(err, wim.ErrNone) {
		t.Error(err)
	}
}
