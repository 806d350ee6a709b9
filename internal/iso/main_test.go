package iso_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/iso"
)

// run runs a program of the host.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// open opens an image for the time of a test.
func open(t *testing.T, path string) *iso.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	image, err := iso.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// write makes a file with what its name decides.
func write(t *testing.T, dir, name string, size int) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content(name, size), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(name string, size int) []byte {
	line := name + "\n"
	return []byte(strings.Repeat(line, size/len(line)+1)[:size])
}

// tree writes a tree with what images have trouble with: long and strange names, deep
// directories, links, empty files, many files.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "install.amd/vmlinuz", 100_000)
	write(t, dir, "install.amd/initrd.gz", 5000)
	write(t, dir, "EMPTY", 0)
	write(t, dir, "README.diskdefines", 2048)
	write(t, dir, "with blank and ünïcödé ☃.txt", 2049)
	write(t, dir, strings.Repeat("long-", 40)+"name", 17)
	write(t, dir, "a/b/c/d/e/f/g/h/i/j/k/deep", 33)
	write(t, dir, "a/b/c/d/e/f/g/h/second", 34)
	for i := range 300 {
		write(t, dir, fmt.Sprintf("many/file-with-a-name-%03d", i), i)
	}
	for link, to := range map[string]string{
		"link": "install.amd/vmlinuz", "many/up": "../install.amd/initrd.gz", "absolute": "/install.amd/vmlinuz",
		"folder": "install.amd", "dangling": "nowhere", "loop": "loop2", "loop2": "loop",
		"many/long": strings.Repeat("../many/", 60) + "file-with-a-name-007",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// compare looks whether an image has a tree's names, types, links and bytes.
func compare(t *testing.T, image *iso.Image, dir string) {
	t.Helper()
	want, got := list(t, os.DirFS(dir)), list(t, image)
	if !slices.Equal(want, got) {
		t.Errorf("the image differs:\n%s", difference(want, got))
	}
}

func difference(want, got []string) string {
	var all []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			all = append(all, "- "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			all = append(all, "+ "+line)
		}
	}
	return strings.Join(all[:min(len(all), 40)], "\n")
}

// list describes all files of a file system.
func list(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", path, d.Type())
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			to, err := fs.ReadLink(fsys, path)
			if err != nil {
				return err
			}
			line += " " + to
		case d.Type().IsRegular():
			b, err := fs.ReadFile(fsys, path)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil || info.Size() != int64(len(b)) {
				t.Errorf("%s has %d bytes, and is said to have %v (%v)", path, len(b), info, err)
			}
			line += fmt.Sprintf(" %d %x", len(b), sum(b))
		}
		all = append(all, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sum(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// readParts reads a file at places that are no multiples of anything.
func readParts(t *testing.T, f fs.File, size int) []byte {
	t.Helper()
	r, ok := f.(io.ReaderAt)
	if !ok {
		t.Fatal("it can't be read at random")
	}
	all := make([]byte, size)
	for at := 0; at < size; at += 1013 {
		if n, err := r.ReadAt(all[at:min(at+1013, size)], int64(at)); n != min(1013, size-at) || err != nil {
			t.Fatalf("read %d at %d: %v", n, at, err)
		}
	}
	if n, err := r.ReadAt(make([]byte, 10), int64(size)); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", n, err)
	}
	return bytes.Clone(all)
}
