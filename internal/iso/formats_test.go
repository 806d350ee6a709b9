package iso_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withoutLinks is a tree as the formats have it that know no symbolic links.
func withoutLinks(t *testing.T) string {
	t.Helper()
	dir := tree(t)
	for _, name := range []string{"link", "many/up", "absolute", "folder", "dangling", "loop", "loop2", "many/long"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// UDF is read where there is no Rock Ridge, Joliet where there is neither.
func TestUDFAndJoliet(t *testing.T) {
	dir := withoutLinks(t)
	if err := os.Rename(filepath.Join(dir, "a/b/c/d/e/f/g/h"), filepath.Join(dir, "h")); err != nil {
		t.Fatal(err) // eight levels are what ISO 9660 has
	}
	short := filepath.Join(t.TempDir(), "short")
	run(t, "cp", "-a", dir, short) // Joliet has names of 64 letters, mkisofs takes 103
	entries, err := os.ReadDir(short)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if len(e.Name()) > 100 {
			if err := os.Remove(filepath.Join(short, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		format, dir string
		args        []string
	}{
		{"UDF 1.02", dir, []string{"genisoimage", "-quiet", "-udf", "-D", "-input-charset", "utf-8"}},
		{"UDF 1.02", short, []string{"genisoimage", "-quiet", "-udf", "-J", "-joliet-long", "-D", "-input-charset", "utf-8"}},
		{"ISO 9660 with Joliet", short, []string{"genisoimage", "-quiet", "-J", "-joliet-long", "-D", "-input-charset", "utf-8"}},
		{"ISO 9660 with Joliet", short, []string{"xorriso", "-as", "mkisofs", "-J", "-joliet-long", "--norock", "-input-charset", "utf-8"}},
	} {
		path := filepath.Join(t.TempDir(), "image.iso")
		run(t, tt.args[0], append(tt.args[1:], "-V", "SPUR_TEST", "-o", path, tt.dir)...)
		image := open(t, path)
		if image.Label != "SPUR_TEST" || image.Format != tt.format {
			t.Errorf("%s, called %q", image.Format, image.Label)
		}
		compare(t, image, tt.dir)
	}
}

// Without any of them there are the names that Linux makes of ISO 9660's, and case
// doesn't matter.
func TestPlainNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"boot/kernel", "README.TXT", "no.ext"} {
		write(t, dir, name, 100)
	}
	for _, args := range [][]string{
		{"genisoimage", "-quiet"}, {"genisoimage", "-quiet", "-iso-level", "3"}, {"xorriso", "-as", "mkisofs", "--norock"},
	} {
		path := filepath.Join(t.TempDir(), "image.iso")
		run(t, args[0], append(args[1:], "-o", path, dir)...)
		image := open(t, path)
		if image.Format != "ISO 9660" {
			t.Error(image.Format)
		}
		lines := list(t, image)
		for _, name := range []string{"boot/kernel", "BOOT/Kernel", "readme.txt", "README.TXT", "no.ext"} {
			if info, err := image.Stat(name); err != nil || info.Size() != 100 {
				t.Errorf("%s: %v, %v; there are %q", name, info, err, lines)
			}
		}
		if !slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, "readme.txt ") }) {
			t.Errorf("%q", lines)
		}
	}
}
