package iso_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// Images with Rock Ridge have the files of a tree as they are, whoever made them.
func TestRockRidge(t *testing.T) {
	from := tree(t)
	for name, args := range map[string][]string{
		"xorriso":               {"xorriso", "-as", "mkisofs", "-R", "-V", "SPUR_TEST"},
		"xorriso with Joliet":   {"xorriso", "-as", "mkisofs", "-R", "-J", "-joliet-long", "-V", "SPUR_TEST"},
		"xorriso, moved":        {"xorriso", "-as", "mkisofs", "-R", "-iso-level", "1", "-rr_reloc_dir", "/rr_moved", "-V", "SPUR_TEST"},
		"genisoimage":           {"genisoimage", "-quiet", "-R", "-V", "SPUR_TEST", "-input-charset", "utf-8"},
		"genisoimage with -J":   {"genisoimage", "-quiet", "-R", "-J", "-joliet-long", "-V", "SPUR_TEST", "-input-charset", "utf-8"},
		"genisoimage, no moves": {"genisoimage", "-quiet", "-R", "-D", "-V", "SPUR_TEST", "-input-charset", "utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := from
			path := filepath.Join(t.TempDir(), "image.iso")
			if args[0] == "genisoimage" { // which never ends over a link as long as this one
				dir = t.TempDir()
				run(t, "cp", "-a", from+"/.", dir)
				if err := os.Remove(filepath.Join(dir, "many/long")); err != nil {
					t.Fatal(err)
				}
			}
			run(t, args[0], append(args[1:], "-o", path, dir)...)
			image := open(t, path)
			if image.Label != "SPUR_TEST" || image.Format != "ISO 9660 with Rock Ridge" {
				t.Errorf("%s, called %q", image.Format, image.Label)
			}
			want, wrong := os.Stat(dir)
			if root, err := image.Stat("."); err != nil || wrong != nil || root.Mode() != want.Mode() {
				t.Errorf("the root: %v, %v, and not %v", root, err, want)
			}
			if _, err := image.Stat("rr_moved"); err == nil {
				// Linux shows it too.
				if err := os.Mkdir(filepath.Join(dir, "rr_moved"), 0o755); err != nil {
					t.Fatal(err)
				}
				defer os.Remove(filepath.Join(dir, "rr_moved"))
			}
			compare(t, image, dir)
			if err := fstest.TestFS(image, "install.amd/vmlinuz", "many/up"); err != nil && !strings.Contains(err.Error(), "loop") {
				t.Error(err)
			}
		})
	}
}

// Links are followed within the image.
func TestLinks(t *testing.T) {
	dir := tree(t)
	path := filepath.Join(t.TempDir(), "image.iso")
	run(t, "xorriso", "-as", "mkisofs", "-R", "-o", path, dir)
	image := open(t, path)
	kernel := content("install.amd/vmlinuz", 100_000)
	for _, name := range []string{"link", "absolute", "folder/vmlinuz"} {
		f, err := image.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := readParts(t, f, len(kernel)); !bytes.Equal(got, kernel) {
			t.Errorf("%s is another file", name)
		}
	}
	for name, want := range map[string]error{
		"loop": fs.ErrInvalid, "dangling": fs.ErrNotExist, "install.amd/vmlinuz/x": fs.ErrNotExist, "../etc/passwd": fs.ErrInvalid,
		"/install.amd": fs.ErrInvalid, "INSTALL.AMD/vmlinuz": fs.ErrNotExist,
	} {
		if f, err := image.Open(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}
