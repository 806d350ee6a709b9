package identify

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/pxe"
)

// The numbers are IANA's (Processor Architecture Types, for option 93).
func TestPlatform(t *testing.T) {
	type machine struct {
		firmware boot.Firmware
		arch     boot.Arch
	}
	for number, want := range map[pxe.Arch]machine{
		0: {boot.BIOS, boot.X86}, 1: {boot.BIOS, boot.X86}, 2: {boot.UEFI, boot.IA64},
		6: {boot.UEFI, boot.X86}, 7: {boot.UEFI, boot.X64}, 9: {boot.UEFI, boot.X64}, 10: {boot.UEFI, boot.ARM}, 11: {boot.UEFI, boot.ARM64},
		15: {boot.UEFI, boot.X86}, 16: {boot.UEFI, boot.X64}, 17: {boot.UEFI, boot.X64}, 18: {boot.UEFI, boot.ARM}, 19: {boot.UEFI, boot.ARM64},
		25: {boot.UEFI, boot.RISCV32}, 26: {boot.UEFI, boot.RISCV32}, 27: {boot.UEFI, boot.RISCV64}, 28: {boot.UEFI, boot.RISCV64},
		39: {boot.UEFI, boot.LOONG64}, 40: {boot.UEFI, boot.LOONG64},
		33: {}, 38: {}, 999: {},
	} {
		if firmware, arch := platform(number); firmware != want.firmware || arch != want.arch {
			t.Errorf("%d is %q of %q, want %+v", number, firmware, arch, want)
		}
	}
}

func TestMacPlatform(t *testing.T) {
	for class, want := range map[string]string{
		"AAPLBSDPC/i386/iMac14,3": "UEFI x64", "AAPLBSDPC/i386/iMac4,1": "UEFI x86", "AAPLBSDPC/ppc/PowerMac3,6": "Open Firmware", "AAPLBSDPC": "Open Firmware",
		"AAPLBSDPC/arm/x": "unknown firmware", "AAPLBSDPC/": "unknown firmware",
	} {
		var c boot.Client
		if c.Firmware, c.Arch = macPlatform(class); c.Platform() != want {
			t.Errorf("%s: %s", class, c.Platform())
		}
	}
}

func TestArchRoundTrip(t *testing.T) {
	for _, a := range []boot.Arch{boot.X86, boot.X64, boot.ARM, boot.ARM64, boot.RISCV64, boot.LOONG64} {
		for _, p := range []boot.Proto{boot.PXE, boot.HTTP} {
			c := boot.Client{Firmware: boot.UEFI, Arch: a, Proto: p}
			if f, got := platform(ArchOf(c)); f != boot.UEFI || got != a {
				t.Errorf("%s %s: number %d means %s %s", a, p, ArchOf(c), f, got)
			}
		}
	}
}
