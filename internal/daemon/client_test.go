package daemon

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
