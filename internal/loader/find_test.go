package loader

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/route"
)

func TestFindDebians(t *testing.T) {
	found, err := Find(Dirs())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			if b.Firmware == boot.UEFI && b.Arch != boot.X64 {
				continue // of another architecture's package
			}
			got, ok := found.Named(b.File)
			if !ok {
				t.Errorf("%s was not found: apt-get install %s", b.File, l.Package)
			}
			if b.Firmware == boot.UEFI && !regexp.MustCompile(`\+git|^25\d`).MatchString(got.Identity.Version) {
				t.Errorf("the version of %s is %q", b.File, got.Identity.Version)
			}
		}
	}
}

func TestOwnFolderGoesFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "undionly.kpxe"), []byte("\xea\x05\x00\xc0\x07own"), 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := Find(append([]string{dir}, Dirs()...))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := found.Named("undionly.kpxe"); filepath.Dir(got.Path) != dir {
		t.Errorf("got %s", got.Path)
	}
}

func TestImpostors(t *testing.T) {
	path, err := lab.Unpacked("systemd-boot-efi:arm64", "usr/lib/systemd/boot/efi/systemd-bootaa64.efi")
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, content, want string }{
		{"undionly.kpxe", "MZ a PE", "BIOS cannot run"},
		{"snponly.efi", "#!ipxe\n", "no EFI binary"},
		{"snponly.efi", string(other), "an EFI application for arm64, not for x64"},
		{"ipxe.pxe", "", "too short"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Find([]string{dir}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("uefi", "x64", []byte("MZ"))
	f.Add("bios", "x86", []byte{0xea, 5, 0})
	f.Fuzz(func(t *testing.T, firmware, arch string, data []byte) {
		_ = Check(route.Build{Firmware: boot.Firmware(firmware), Arch: boot.Arch(arch)}, bytes.NewReader(data), int64(len(data)))
	})
}
