package loader

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/route"
)

// wimboot knows its files on a BIOS by what follows the URL, on UEFI by --name. What is
// for another firmware isn't loaded.
func TestWIMScript(t *testing.T) {
	w := boot.WIM{Image: boot.File{Source: "/srv/Win11.iso", Inside: "sources/boot.wim"}, Arguments: "gui index=1"}
	w.Beside = []boot.WIMFile{
		{Name: "winpeshl.ini"}, {Name: "bootmgr", Firmware: boot.BIOS}, {Name: "bcd", Firmware: boot.BIOS}, {Name: "bcd", Firmware: boot.UEFI}, {Name: "boot.sdi"},
		{Name: "bootx64.efi", Firmware: boot.UEFI, Arch: boot.X64}, {Name: "bootaa64.efi", Firmware: boot.UEFI, Arch: boot.ARM64},
	}
	for name, c := range map[string]boot.Client{
		"wim-bios.ipxe": {Firmware: boot.BIOS, Arch: boot.X86}, "wim-uefi.ipxe": {Firmware: boot.UEFI, Arch: boot.X64},
	} {
		c.MAC = client().MAC
		urls := URLs{Kernel: "http://192.0.2.1/S/wimboot"}
		for i, f := range w.For(c) {
			urls.Initrds = append(urls.Initrds, "http://192.0.2.1/"+string(rune('A'+i))+"/"+f.Name)
		}
		golden.File(t, "testdata/"+name, IPXEScript(c, boot.Payload{Content: w}, urls))
	}
}

const wimbootBanner = "\n\nwimboot v2.7.6 -- Windows Imaging Format bootloader -- https://ipxe.org/wimboot\n\n\x00"

// wimboot is known by what it says first. One that has a kernel's header is for a BIOS too.
func TestWimbootIdentity(t *testing.T) {
	object, prefix := filepath.Join(t.TempDir(), "prefix.o"), filepath.Join(t.TempDir(), "prefix")
	for _, args := range [][]string{{"as", "--32", "-o", object, "../../boottest/wimboot/prefix.s"}, {"objcopy", "-O", "binary", "-j", ".text", object, prefix}} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	for from, want := range map[string]route.Identity{
		prefix:                      {Kind: route.KindWimboot, Firmware: boot.UEFI, Arch: boot.X64, Version: "2.7.6", Hybrid: true},
		"/usr/lib/ipxe/snponly.efi": {Kind: route.KindWimboot, Firmware: boot.UEFI, Arch: boot.X64, Version: "2.7.6"},
	} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Look("wimboot.x86_64", append(content, wimbootBanner...))
		if err != nil || b.File != route.WimbootFile || b.Identity.Kind != want.Kind || b.Identity.Hybrid != want.Hybrid || b.Identity.Version != want.Version {
			t.Errorf("%s: %+v, %v", from, b, err)
		}
		_, ok := route.Binaries{b}.Find(route.WimbootFile, boot.Client{Firmware: boot.BIOS, Arch: boot.X86})
		if ok != want.Hybrid {
			t.Errorf("%s is for a BIOS: %v", from, ok)
		}
	}
}
