package pxe

import (
	"slices"
	"strings"
)

// uBootEFI tells whether a sender that calls itself PXEClient is U-Boot, which
// says so while it looks for an EFI application (bootcmd_dhcp in its
// include/config_distro_bootcmd.h, boot/bootmeth_efi.c). It writes 1.0.0 into
// option 94, where UNDI begins with 2, and asks for no boot file (net/bootp.c).
func (r Request) uBootEFI() bool {
	return r.Class == PXEClient && r.NDI == NDI{1, 0, 0} && !slices.Contains(r.Requested, optFile)
}

// uBootArchs are the architectures of a request of U-Boot. By itself it says
// nothing but its class on some of them. Its numbers for x86 are unlike others':
// bootmeth_efi.c writes 6 for 64 bits and 7 for 32, and what was there before
// wrote 7 for 64; nobody boots a system of 32 bits by its EFI.
func (r Request) uBootArchs() []Arch {
	switch {
	case r.Class == PXEClient && slices.Contains(r.Archs, ArchX86):
		return []Arch{ArchX64}
	case len(r.Archs) > 0:
		return r.Archs
	case strings.HasPrefix(r.ClassID, "U-Boot.armv8"):
		return []Arch{ArchARM64UBoot}
	case strings.HasPrefix(r.ClassID, "U-Boot.arm"):
		return []Arch{ArchARMUBoot}
	}
	return nil
}
