package medium

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// A medium for several architectures has a system for each, with the initrd beside its kernel;
// what a machine with a BIOS starts is the first. One entry is for its own architecture alone.
func TestSystems(t *testing.T) {
	x64, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	arm64, err := lab.KernelFor(boot.ARM64)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(title, folder string) string {
		return fmt.Sprintf("menuentry %q {\nlinux /%s/vmlinuz --- quiet\ninitrd /%s/initrd.gz\n}\n", title, folder, folder)
	}
	files := map[string]string{
		".disk/info": "Debian 13", "dists/trixie/Release": "", "install.amd/gtk/vmlinuz": x64, "install.amd/gtk/initrd.gz": "070701",
		"install.a64/vmlinuz": arm64, "install.a64/initrd.gz": "070701", "install.amd/vmlinuz": x64, "install.amd/initrd.gz": "070701",
	}
	const amd, a64 = "x64 install.amd/vmlinuz install.amd/initrd.gz", "arm64 install.a64/vmlinuz install.a64/initrd.gz"
	for menu, want := range map[string]string{
		"":                          amd + "|" + a64,
		entry("PC", "install.amd"):  amd + "|" + a64,
		entry("ARM", "install.a64"): amd + "|" + a64,
		entry("PC", "install.amd") + entry("ARM", "install.a64"): amd + "|" + a64,
	} {
		files["boot/grub/grub.cfg"] = menu
		d, err := open(t, imageOf(t, "Debian", files))
		if err != nil {
			t.Fatal(err)
		}
		if got := systemsOf(t, d, ""); got != want {
			t.Errorf("with the menu\n%s\nthe systems are\n%s\nwant\n%s", menu, got, want)
		}
		if n := strings.Count(menu, "menuentry"); n == 2 {
			if got := systemsOf(t, d, "ARM"); got != a64 {
				t.Errorf("the entry ARM is %s", got)
			}
		}
	}
}

// systemsOf are the systems of an entry in one line.
func systemsOf(t *testing.T, d Disc, entry string) string {
	t.Helper()
	all, err := d.Systems(entry)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, fmt.Sprintf("%s %s %s", s.Linux.Arch, s.Linux.Kernel.Inside, s.Linux.Initrds[0].Inside))
	}
	return strings.Join(got, "|")
}
