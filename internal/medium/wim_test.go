package medium

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// named are the names and files of what wimboot is given on a machine.
func named(w boot.WIM, c boot.Client) string {
	var all []string
	for _, f := range w.For(c) {
		all = append(all, f.Name+"="+f.File.Source)
	}
	return strings.Join(all, " ")
}

var (
	wimBIOS  = boot.Client{Firmware: boot.BIOS, Arch: boot.X86}
	wimUEFI  = boot.Client{Firmware: boot.UEFI, Arch: boot.X64}
	wimARM64 = boot.Client{Firmware: boot.UEFI, Arch: boot.ARM64}
)

func TestBesideWIM(t *testing.T) {
	source := func(name string) boot.File { return boot.File{Source: "/" + name} }
	for name, tt := range map[string]struct {
		files             []string
		bios, uefi, arm64 string
	}{
		"Microsoft's medium": {
			[]string{"BOOTMGR", "BOOT/BCD", "BOOT/BOOT.SDI", "EFI/MICROSOFT/BOOT/BCD", "EFI/BOOT/BOOTX64.EFI", "SOURCES/BOOT.WIM"},
			"bootmgr=/BOOTMGR bcd=/BOOT/BCD boot.sdi=/BOOT/BOOT.SDI boot.wim=/w",
			"bcd=/EFI/MICROSOFT/BOOT/BCD boot.sdi=/BOOT/BOOT.SDI bootx64.efi=/EFI/BOOT/BOOTX64.EFI boot.wim=/w",
			"bcd=/EFI/MICROSOFT/BOOT/BCD boot.sdi=/BOOT/BOOT.SDI boot.wim=/w",
		},
		"all in one folder": {
			[]string{"bootmgr", "BCD", "boot.sdi", "bootaa64.efi"},
			"bootmgr=/bootmgr bcd=/BCD boot.sdi=/boot.sdi boot.wim=/w", "bcd=/BCD boot.sdi=/boot.sdi boot.wim=/w", "bcd=/BCD boot.sdi=/boot.sdi bootaa64.efi=/bootaa64.efi boot.wim=/w",
		},
		"folders by such names": {[]string{"bcd/x", "boot.sdi/x"}, "boot.wim=/w", "boot.wim=/w", "boot.wim=/w"},
	} {
		files := fstest.MapFS{}
		for _, f := range tt.files {
			files[f] = &fstest.MapFile{}
		}
		w := NewWIM(boot.File{Source: "/w"}, 1, image.WIM{}, BesideWIM(files, source))
		for want, c := range map[string]boot.Client{"BIOS: " + tt.bios: wimBIOS, "UEFI: " + tt.uefi: wimUEFI, "arm64: " + tt.arm64: wimARM64} {
			if _, text, _ := strings.Cut(want, ": "); named(w, c) != text {
				t.Errorf("%s: wimboot is given %s, wanted %s", name, named(w, c), want)
			}
		}
	}
}

// What was named goes before what is beside the image; what is in neither place is lacking.
func TestNewWIM(t *testing.T) {
	found := image.WIM{Arch: boot.X64, Inside: map[boot.Firmware][]string{boot.BIOS: {"bootmgr", "bcd"}, boot.UEFI: {"boot.sdi"}}}
	beside := []boot.WIMFile{
		{Name: "BCD", File: boot.File{Source: "/mine"}}, {Name: "bcd", File: boot.File{Source: "/bios"}, Firmware: boot.BIOS}, {Name: "bcd", File: boot.File{Source: "/uefi"}, Firmware: boot.UEFI},
		{Name: "bootaa64.efi", Firmware: boot.UEFI, Arch: boot.ARM64},
	}
	w := NewWIM(boot.File{Source: "/w"}, 1, found, beside)
	if got := named(w, wimBIOS); got != "BCD=/mine boot.wim=/w" {
		t.Errorf("a BIOS is given %s", got)
	}
	if !slices.Equal(w.Lacks[boot.BIOS], []string{"boot.sdi"}) || !slices.Equal(w.Lacks[boot.UEFI], []string{"bootmgfw.efi"}) {
		t.Errorf("it lacks %v", w.Lacks)
	}
	if len(w.Inside[boot.BIOS]) != 0 || !slices.Equal(w.Inside[boot.UEFI], []string{"boot.sdi"}) {
		t.Errorf("inside are %v", w.Inside)
	}
	found.Unread = true
	if w := NewWIM(boot.File{Source: "/w"}, 1, found, nil); len(w.Lacks[boot.BIOS])+len(w.Lacks[boot.UEFI]) > 0 {
		t.Errorf("what isn't known is lacking: %v", w.Lacks)
	}
}

func TestWIMFolder(t *testing.T) {
	for image, want := range map[string]string{"/srv/media/Sources/boot.wim": "/srv/media", "/srv/pe/boot.wim": "/srv/pe", "/boot.wim": "/"} {
		if got := WIMFolder(image); got != want {
			t.Errorf("%s: %s", image, got)
		}
	}
}
