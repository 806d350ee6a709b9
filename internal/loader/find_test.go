package loader

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/route"
)

func TestFindDebians(t *testing.T) {
	found, err := Find(nil, Dirs(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			if b.Firmware == boot.UEFI && b.Arch != boot.X64 || b.Firmware == boot.RPiFirmware || l.Companions != nil || l.Name == boot.Memdisk || l.Name == boot.Wimboot || l.Name == boot.NBIStarter {
				continue // of a package that isn't installed here, or Spur's own
			}
			got, ok := found.Named(b.File)
			if !ok {
				t.Errorf("%s was not found; %s", b.File, route.Distribution{}.Has(l.Kind, b.Arch))
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
	found, err := Find([]string{dir}, Dirs(), nil)
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
		{"undionly.kpxe", "MZ a PE", "no EFI binary"},
		{"undionly.kpxe", string(other), "it is systemd-boot 252.39-1~deb12u"},
		{"snponly.efi", "#!ipxe\n", "no bootloader that Spur knows"},
		{"snponly.efi", string(other), "for UEFI arm64, and not what its name says"},
		{"ipxe.pxe", "", "it is empty"},
		{"pxelinux.0", "a core image of GRUB", "no bootloader that Spur knows"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Find([]string{dir}, nil, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// What a file is, and not how it is called, says what it can stand for. Of all that is
// found of one kind the newest goes first; what is there twice is there once.
func TestFindByContent(t *testing.T) {
	dir := t.TempDir()
	for name, from := range map[string]string{
		"loader": unpacked(t, "ipxe/trixie", "usr/lib/ipxe/snponly.efi"), "twin": unpacked(t, "ipxe/trixie", "usr/lib/ipxe/snponly.efi"),
		"a.efi": "/usr/lib/ipxe/snponly.efi", "grub": unpacked(t, "grub-efi-amd64-signed", "usr/lib/grub/*/grubnetx64.efi.signed"),
		"kernel": unpacked(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"), "undionly-mine": "/usr/lib/ipxe/undionly.kpxe", "other": "/usr/lib/ipxe/ipxe.pxe",
	} {
		if err := os.Symlink(from, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Find(nil, []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range found {
		got = append(got, filepath.Base(b.Path)+" as "+b.File+" "+version(b.Identity.Version))
	}
	slices.Sort(got)
	want := []string{
		"a.efi as snponly.efi 1.0.0+git-20190125.36a4c85-5.1", "grub as grub 2.06-13", "loader as snponly.efi 1.21.1+git20250501.dad20602+dfsg-1",
		"other as ipxe.pxe ", "undionly-mine as undionly.kpxe ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	all := found.All("snponly.efi", boot.Client{Firmware: boot.UEFI, Arch: boot.X64})
	if len(all) != 2 || filepath.Base(all[0].Path) != "loader" {
		t.Errorf("snponly.efi is first %+v", all)
	}
}

// Syslinux's loaders are found with what they load, from wherever that comes: the same
// folder before the same package, and that before others.
func TestFindSyslinux(t *testing.T) {
	debian := []string{
		unpacked(t, "pxelinux", "usr/lib/PXELINUX"), unpacked(t, "syslinux-efi", "usr/lib/SYSLINUX.EFI/efi64"),
		unpacked(t, "syslinux-common", "usr/lib/syslinux/modules/bios"), unpacked(t, "syslinux-common", "usr/lib/syslinux/modules/efi64"),
	}
	found, err := Find(nil, debian, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range found {
		for _, c := range b.Beside {
			got = append(got, b.File+" "+b.Identity.Version+" with "+filepath.Base(filepath.Dir(c.Path))+"/"+c.File)
		}
	}
	slices.Sort(got)
	want := []string{"lpxelinux.0 6.04 with bios/ldlinux.c32", "lpxelinux.0 6.04 with bios/libcom32.c32", "lpxelinux.0 6.04 with bios/mboot.c32",
		"pxelinux.0 6.04 with bios/ldlinux.c32", "pxelinux.0 6.04 with bios/libcom32.c32", "pxelinux.0 6.04 with bios/mboot.c32", "syslinux64.efi 6.04 with efi64/ldlinux.e64"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// folder makes a folder of files, each with the content of another or its own text.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range files {
		content := []byte(from)
		if filepath.IsAbs(from) && !strings.HasSuffix(from, "\n") {
			var err error
			if content, err = os.ReadFile(from); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNearestCompanion(t *testing.T) {
	core, ldlinux := unpacked(t, "pxelinux", "usr/lib/PXELINUX/pxelinux.0"), unpacked(t, "syslinux-common", "usr/lib/syslinux/modules/bios/ldlinux.c32")
	other := "\x7fELF\x01\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00\x03\x00 another build's \x00ldlinux.c32\x00"
	alone, both := folder(t, map[string]string{"pxelinux.0": core}), folder(t, map[string]string{"pxelinux.0": core, "ldlinux.c32": ldlinux})
	from := func(where, name, content string) string {
		return folder(t, map[string]string{name: content, FromFile: where + "\n"})
	}
	here, there := from("/srv/a.rpm: usr/share/syslinux/ldlinux.c32", "ldlinux.c32", ldlinux), from("/srv/b.rpm: usr/share/syslinux/ldlinux.c32", "ldlinux.c32", other)
	for _, tt := range []struct {
		name string
		dirs []string
		want string // the folder of the companion
	}{
		{"none", []string{alone}, ""},
		{"beside it", []string{there, both}, both},
		{"of the same content elsewhere", []string{here, both}, both},
		{"of the same archive", []string{there, here, from("/srv/a.rpm: usr/share/syslinux/pxelinux.0", "pxelinux.0", core)}, here},
	} {
		found, err := Find(nil, tt.dirs, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := found.Named("pxelinux.0")
		c, ok := b.Companion("ldlinux.c32")
		if ok != (tt.want != "") || ok && filepath.Dir(c.Path) != tt.want {
			t.Errorf("%s: %s", tt.name, c.Path)
		}
	}
}

// What is called pxelinux.0 is what it is, and gPXE with a PXELINUX in it is no iPXE.
func TestSyslinuxByContent(t *testing.T) {
	core := unpacked(t, "pxelinux", "usr/lib/PXELINUX/lpxelinux.0")
	found, err := Find(nil, []string{folder(t, map[string]string{"pxelinux.0": core, "gpxelinux.0": "/usr/lib/ipxe/ipxe.pxe", "menu.c32": "\x7fELF"})}, nil)
	if err != nil || len(found) != 1 || found[0].File != "lpxelinux.0" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func FuzzLook(f *testing.F) {
	f.Add("snponly.efi", []byte("MZ"))
	f.Add("undionly.kpxe", []byte{0xea, 5, 0})
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		_, _ = Look(name, data)
	})
}

func BenchmarkFind(b *testing.B) {
	for b.Loop() {
		if _, err := Find(nil, Dirs(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
