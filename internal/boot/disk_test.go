package boot

import (
	"strings"
	"testing"
)

func TestDiskServedAs(t *testing.T) {
	for source, want := range map[string]string{
		"/srv/debian.iso": "debian.img", "/srv/d.img.gz": "d.img", "/srv/d.img.bz2": "d.img", "/srv/d.raw.XZ": "d.img", "https://x/a%20b.qcow2?token=1": "a_20b.img",
		"/srv/ä b.img": "__b.img", "/srv/.img": "disk.img", "/srv/" + strings.Repeat("x", 200) + ".vhd": strings.Repeat("x", ProgramMost-4) + ".img",
	} {
		if got := (Disk{Image: File{Source: source}}).ServedAs(); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
	d := Disk{Image: File{Source: "/srv/debian.iso"}, Layout: LayoutISO, EFI: []DiskProgram{{X64, true}}}
	if d.ServedAs() != "debian.iso" {
		t.Error(d.ServedAs())
	}
	for _, c := range []struct {
		client Client
		ok     bool
	}{{Client{Firmware: UEFI, Arch: X64}, true}, {Client{Firmware: UEFI, Arch: ARM64}, false}, {Client{Firmware: BIOS, Arch: X86}, false}} {
		if p, ok := d.Start(c.client); ok != c.ok || ok && (p.Name != "debian.iso" || !p.Signed) {
			t.Errorf("%+v: %+v, %v", c.client, p, ok)
		}
	}
	if _, ok := d.File("debian.iso"); !ok {
		t.Error("it doesn't know its own name")
	}
	if _, ok := d.File("other"); ok {
		t.Error("it has another file")
	}
}
