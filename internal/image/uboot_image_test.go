package image

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// mkimage makes an image of U-Boot's.
func mkimage(t testing.TB, dir string, args ...string) []byte {
	t.Helper()
	at := filepath.Join(dir, "image")
	cmd := exec.Command("mkimage", append(args, at)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestUBootImages(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kernel"), blank(100<<10, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-A", "arm64", "-O", "linux", "-T", "kernel", "-C", "none", "-a", "0x40400000", "-e", "0x40400000", "-n", "Linux-6.1", "-d", "kernel"}
	kernel := mkimage(t, dir, args...)
	fit := mkimage(t, dir, append([]string{"-f", "auto"}, args...)...)
	for text, file := range map[string][]byte{"Linux kernel 6.1, arm64, in a uImage for U-Boot": kernel, "Linux kernel, in a FIT image for U-Boot": fit} {
		got, err := Look(bytes.NewReader(file), int64(len(file)))
		if err != nil || got.Kind != boot.KindLinux || got.Description != text {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := Look(bytes.NewReader(file[:80<<10]), 80<<10); err == nil || !strings.Contains(err.Error(), "the beginning of a kernel: 81920 of at least ") {
			t.Errorf("cut off: %v", err)
		}
	}
	damaged := bytes.Clone(kernel)
	damaged[40]++
	script := mkimage(t, dir, "-A", "arm64", "-O", "linux", "-T", "script", "-C", "none", "-d", "kernel")
	plain := bytes.ReplaceAll(fit, []byte("images\x00"), []byte("imagex\x00"))
	for looks, file := range map[string][]byte{"a U-Boot image that is no kernel, or damaged": damaged, "a U-Boot image that": script, "a device tree": plain} {
		_, err := Look(bytes.NewReader(file), int64(len(file)))
		if err == nil || !strings.Contains(err.Error(), looks) {
			t.Errorf("%v, want %s", err, looks)
		}
	}
}

func FuzzUBootImages(f *testing.F) {
	f.Add([]byte(uImageMagic + strings.Repeat("\x05", 70)))
	f.Add([]byte(fdtMagic + "\x00\x00\x01\x00\x00\x00\x00\x28" + strings.Repeat("\x00", 28) + "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01images\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, try := range []func(head) (Found, bool){uImage, fitImage} {
			if found, ok := try(file); ok && found.Kind != boot.KindLinux {
				t.Errorf("%+v", found)
			}
		}
	})
}
