package image

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// wimOf has wimlib make a Windows image of a tree with these files.
func wimOf(t *testing.T, options []string, files ...string) *os.File {
	t.Helper()
	dir, to := filepath.Join(t.TempDir(), "tree"), filepath.Join(t.TempDir(), "boot.wim")
	for _, name := range append(files, "Windows/System32/kernel32.dll") {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "wimlib-imagex", append([]string{"capture", dir, to}, options...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func sizeOf(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestLookWIM(t *testing.T) {
	setup := []string{"Windows Setup", "--boot", "--image-property", "WINDOWS/ARCH=9", "--image-property", "WINDOWS/VERSION/MAJOR=10",
		"--image-property", "WINDOWS/VERSION/MINOR=0", "--image-property", "WINDOWS/VERSION/BUILD=22621"}
	f := wimOf(t, setup, "Windows/Boot/PXE/bootmgr.exe", "Windows/Boot/DVD/PCAT/BCD", "sms/boot/boot.sdi", "Windows/Boot/EFI/bootmgfw.efi")
	w, err := LookWIM(f, sizeOf(t, f))
	if err != nil || w.Arch != boot.X64 || !w.Boots || w.Unread || w.Description != "Windows image (WIM), Windows Setup, 10.0.22621, x86-64" {
		t.Errorf("%+v, %v", w, err)
	}
	if !slices.Equal(w.Inside[boot.BIOS], []string{"bootmgr", "bcd", "boot.sdi"}) || !slices.Equal(w.Inside[boot.UEFI], []string{"bootmgfw.efi", "boot.sdi"}) {
		t.Errorf("inside are %v", w.Inside)
	}
	if found, err := Look(f, sizeOf(t, f)); err != nil || found.Kind != boot.KindWIM || found.Arch != boot.X64 || found.Description != w.Description {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := Look(f, -1); err != nil || found.Arch != boot.X64 {
		t.Errorf("without its size: %+v, %v", found, err)
	}
}

// install.wim has no image that boots; what isn't read inside may be there.
func TestOtherWIMs(t *testing.T) {
	f := wimOf(t, []string{"Windows 11 Pro"})
	if w, err := LookWIM(f, sizeOf(t, f)); err != nil || w.Boots || w.Description != "Windows image (WIM)" {
		t.Errorf("%+v, %v", w, err)
	}
	f = wimOf(t, []string{"PE", "--boot", "--solid"})
	if w, err := LookWIM(f, sizeOf(t, f)); err != nil || !w.Boots || !w.Unread {
		t.Errorf("%+v, %v", w, err)
	}
	var m *Mismatch
	f = wimOf(t, []string{"PE", "--boot"})
	if _, err := LookWIM(f, 1000); !errors.As(err, &m) || !strings.Contains(m.Looks, "a damaged Windows image: ") {
		t.Errorf("cut off: %v", err)
	}
	if _, err := LookWIM(strings.NewReader("hello"), 5); !errors.As(err, &m) {
		t.Errorf("a text: %v", err)
	}
}
