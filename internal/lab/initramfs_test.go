package lab

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unpacked is what cpio(1) makes of an archive.
func unpacked(t *testing.T, archive string) string {
	t.Helper()
	f := must[*os.File](t)(os.Open(archive))
	defer func() { _ = f.Close() }()
	unzipped := must[*gzip.Reader](t)(gzip.NewReader(f))
	unzipped.Multistream(false) // the padding follows
	content := must[[]byte](t)(io.ReadAll(unzipped))
	cmd := exec.Command(must[string](t)(tool("cpio")), "-i", "--quiet", "--make-directories")
	cmd.Dir, cmd.Stdin = t.TempDir(), bytes.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("cpio: %v: %s", err, out)
	}
	return cmd.Dir
}

func TestInitramfs(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2")
	options := InitramfsOptions{Modules: []string{"isofs", "no-such-module"}, Files: map[string]string{"/extra/a/b": "c"}}
	for _, path := range []string{first, second} {
		if err := Initramfs(path, options); err != nil {
			t.Fatal(err)
		}
	}
	one, two := must[[]byte](t)(os.ReadFile(first)), must[[]byte](t)(os.ReadFile(second))
	if !bytes.Equal(one, two) {
		t.Error("two archives differ")
	}
	if len(one)%4 != 0 {
		t.Errorf("length %d is no multiple of four", len(one))
	}
	root := unpacked(t, first)
	if got := must[[]byte](t)(os.ReadFile(filepath.Join(root, "extra/a/b"))); string(got) != "c" {
		t.Errorf("extra file %q", got)
	}
	if got := must[string](t)(os.Readlink(filepath.Join(root, "bin/sh"))); got != "busybox" {
		t.Errorf("bin/sh is %q", got)
	}
	order := strings.Fields(string(must[[]byte](t)(os.ReadFile(filepath.Join(root, "modules/order")))))
	for _, pair := range [][2]string{{"virtio", "virtio_net"}, {"failover", "net_failover"}, {"net_failover", "virtio_net"}, {"virtio_net", "isofs"}} {
		before, after := slices.Index(order, pair[0]), slices.Index(order, pair[1])
		if before < 0 || after < before {
			t.Errorf("%v are not in this order in %q", pair, order)
		}
	}
	for _, m := range order {
		if !isFile(filepath.Join(root, "modules", m+".ko")) {
			t.Errorf("module %s isn't in the archive", m)
		}
	}
}

func TestExtraInitramfs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "extra")
	if err := ExtraInitramfs(path, map[string]string{"extra/x": "1", "extra/y": ""}); err != nil {
		t.Fatal(err)
	}
	root := unpacked(t, path)
	entries := must[[]os.DirEntry](t)(os.ReadDir(filepath.Join(root, "extra")))
	if len(entries) != 2 {
		t.Errorf("%v", entries)
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("SPUR_LAB_CACHE", t.TempDir())
	_, err := Kernel()
	var missing *MissingError
	if !errors.As(err, &missing) || missing.Package != "linux-image-cloud-amd64" {
		t.Errorf("kernel: %v", err)
	}
	if _, err := tool("no-such-program"); !errors.As(err, &missing) {
		t.Errorf("program: %v", err)
	}
	if _, err := findFirmware("bbc-micro"); err == nil || !strings.Contains(err.Error(), "secureboot") {
		t.Errorf("firmware: %v", err)
	}
}
