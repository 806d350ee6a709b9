package outlook

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Of machines of some kinds it is said what they are given and what they would refuse, and
// nothing of others.
func TestKinds(t *testing.T) {
	linux := Target{Payload: boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "vmlinuz"}, Arch: boot.X64, Abilities: boot.Abilities{Known: true, EFIStub: true}}}}
	host := route.Host{Loaders: route.Binaries{
		{Build: route.Build{File: "undionly.kpxe", Firmware: boot.BIOS, Arch: boot.X86}},
		{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Identity: route.Identity{Kind: route.KindIPXE}},
	}}
	for _, tt := range []struct {
		Kinds
		platforms, refused string
	}{
		{Kinds{}, "BIOS, UEFI x64", "isn't signed"},
		{Kinds{Firmware: []boot.Firmware{boot.BIOS}}, "BIOS", ""},
		{Kinds{Firmware: []boot.Firmware{boot.UEFI}}, "UEFI x64", "isn't signed"},
		{Kinds{Archs: []boot.Arch{boot.X64}}, "UEFI x64", "isn't signed"},
		{Kinds{Archs: []boot.Arch{boot.ARM64}}, "no machine that Spur has a way for can boot vmlinuz: UEFI arm64: vmlinuz is a kernel for x64", ""},
		{Kinds{Firmware: []boot.Firmware{boot.OpenFirmware}}, "", ""},
	} {
		o := Outlook{Host: host, Kinds: tt.Kinds}
		given, err := o.GivenOf(linux)
		var platforms []string
		for _, g := range given {
			if n := len(platforms); n == 0 || platforms[n-1] != g.Platform {
				platforms = append(platforms, g.Platform)
			}
		}
		got := strings.Join(platforms, ", ")
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.platforms) || tt.platforms == "" && got != "" || err == nil && got != tt.platforms {
			t.Errorf("%v: %s", tt.Kinds, got)
		}
		if refused := strings.Join(o.Refused(linux), "; "); !strings.Contains(refused, tt.refused) || tt.refused == "" && refused != "" {
			t.Errorf("%v: refused: %s", tt.Kinds, refused)
		}
		if without := o.WithoutWay(linux); len(without) > 0 {
			t.Errorf("%v: without a way: %q", tt.Kinds, without)
		}
	}
	without := Outlook{Host: route.Host{Loaders: host.Loaders[:1]}}
	if all := without.WithoutWay(linux); len(all) != 1 {
		t.Errorf("UEFI machines without a loader: %q", all)
	}
	if without.Kinds.Firmware = []boot.Firmware{boot.BIOS}; len(without.WithoutWay(linux)) > 0 {
		t.Error("those without UEFI are told of a way for it")
	}
}
