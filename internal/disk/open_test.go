package disk_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
)

// image makes a qcow2 image that says any backing file of itself.
func image(t *testing.T, path, backing, format string) {
	t.Helper()
	file, err := block.OpenFile(path, block.FileOptions{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := qcow2.Create(file, qcow2.CreateOptions{Size: 1 << 20, BackingName: backing, BackingFormat: format}); err != nil {
		t.Fatal(err)
	}
}

func TestBackingFilesThatMayBeOpened(t *testing.T) {
	dir := t.TempDir()
	own, other := filepath.Join(dir, "own"), filepath.Join(dir, "other")
	for _, folder := range []string{filepath.Join(own, "sub"), other} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"own/base", "own/sub/base", "other/secret", "own-not"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 4096), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"own/link": "../other/secret", "own/inner": "base", "own/folder": "../other"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, backing, format, allow string
		refused                      string // "" if it opens
	}{
		{"same folder", "base", "raw", "", ""},
		{"below", "sub/base", "raw", "", ""},
		{"by a protocol that is none", "file:base", "raw", "", ""},
		{"absolute", filepath.Join(own, "base"), "raw", "", ""},
		{"link within", "inner", "raw", "", ""},
		{"outside", "../other/secret", "raw", "", "outside the folder"},
		{"outside, allowed", "../other/secret", "raw", other, ""},
		{"absolute, outside", filepath.Join(other, "secret"), "raw", "", "outside the folder"},
		{"link outside", "link", "raw", "", "outside the folder"},
		{"folder outside", "folder/secret", "raw", "", "outside the folder"},
		{"a name that begins alike", "../own-not", "raw", "", "outside the folder"},
		{"a device", "/dev/zero", "raw", "/dev", "neither a file nor a block device"},
		{"a folder", "sub", "raw", "", "neither a file nor a block device"},
		{"missing", "nothing", "raw", "", "no such file"},
		{"network", "nbd://127.0.0.1/x", "raw", "", "isn't a file"},
		{"network, by colon", "ssh:host", "raw", "", "isn't a file"},
		{"json", `json:{"driver":"raw"}`, "raw", "", "isn't a file"},
		{"itself", "top.qcow2", "qcow2", "", ""},
		{"unknown format", "base", "zip", "", "format zip is unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := filepath.Join(own, "top.qcow2")
			image(t, top, c.backing, c.format)
			o := disk.Options{ReadOnly: true}
			if c.allow != "" {
				o.Allow = []string{c.allow}
			}
			d, err := disk.Open(context.Background(), top, o)
			if err == nil {
				d.Close()
			}
			if c.name == "itself" {
				if err == nil {
					t.Fatal("a loop was opened")
				}
				return
			}
			if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Fatalf("%v, want %q", err, c.refused)
			}
			info, err := disk.Describe(context.Background(), top, o)
			if err != nil || (info.Broken == "") != (c.refused == "") || !strings.Contains(info.Broken, c.refused) {
				t.Fatalf("info: %q, %v; want %q", info.Broken, err, c.refused)
			}
		})
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.qcow2")
	if err := os.WriteFile(cut, []byte("QFI\xfb\x00\x00\x00\x03"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(dir, "nothing"), dir, "/dev/null"} {
		if _, err := disk.Open(context.Background(), name, disk.Options{}); err == nil || advice.Of(err) == "" || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v (%s)", name, err, advice.Of(err))
		}
	}
	if _, err := disk.Open(context.Background(), cut, disk.Options{}); err == nil || !strings.Contains(err.Error(), cut) {
		t.Errorf("a cut image: %v", err)
	}
}
