package image

import "github.com/spurboot/spur/internal/boot"

// The machine types of the PE header (PE/COFF specification, section 3.3.1)
// that a boot.Arch stands for.
const (
	peX86     = 0x014c
	peX64     = 0x8664
	peARM     = 0x01c2
	peARMNT   = 0x01c4
	peARM64   = 0xaa64
	peRISCV32 = 0x5032
	peRISCV64 = 0x5064
	peLOONG64 = 0x6264
)

// peHeader is the offset of the PE header that the DOS header points to.
func (h head) peHeader() (at int, ok bool) {
	if !h.has(0, "MZ") {
		return 0, false
	}
	offset := h.u32(0x3c)
	if offset >= uint32(len(h)) {
		return 0, false
	}
	return int(offset), h.has(int(offset), "PE\x00\x00")
}

// peArch is the architecture of an EFI application; ok is false for what is
// none. An architecture that Spur has no name for is empty.
func (h head) peArch() (arch boot.Arch, ok bool) {
	at, ok := h.peHeader()
	if !ok {
		return "", false
	}
	switch h.u16(at + 4) {
	case peX86:
		return boot.X86, true
	case peX64:
		return boot.X64, true
	case peARM, peARMNT:
		return boot.ARM, true
	case peARM64:
		return boot.ARM64, true
	case peRISCV32:
		return boot.RISCV32, true
	case peRISCV64:
		return boot.RISCV64, true
	case peLOONG64:
		return boot.LOONG64, true
	}
	return "", true
}

// The subsystems of EFI's kinds of programs (PE/COFF specification, section
// 3.4.2).
const (
	subsystemApplication = 10
	subsystemDriver      = 11
	subsystemRuntime     = 12
)

// efiApplication recognises a program that UEFI firmware starts.
func efiApplication(h head) (Found, bool) {
	arch, ok := h.peArch()
	if !ok || h.peSubsystem() != subsystemApplication {
		return Found{}, false
	}
	f := Found{Kind: boot.KindEFI, Format: EFI, Arch: arch}
	if h.peHasSection(".linux") {
		f.Format = UKI
	}
	return f, true
}

// peSubsystem is for whom a PE file is; 0 for what is none.
func (h head) peSubsystem() uint16 {
	at, ok := h.peHeader()
	if !ok {
		return 0
	}
	return h.u16(at + 24 + 68)
}

// peHasSection tells whether an EFI application has a section of that name
// (section 4 of the specification: 40 bytes each, the name in the first 8).
func (h head) peHasSection(name string) bool {
	at, ok := h.peHeader()
	if !ok {
		return false
	}
	table := at + 24 + int(h.u16(at+20))
	for i := range min(int(h.u16(at+6)), 96) {
		if h.text(table+40*i, 8) == name {
			return true
		}
	}
	return false
}

// peSigned tells whether an EFI application has a certificate table, which is
// the fifth of its data directories (sections 3.4.3 and 5.7).
func (h head) peSigned() bool {
	at, ok := h.peHeader()
	if !ok {
		return false
	}
	optional := at + 24
	directories := optional + 96
	if h.u16(optional) == 0x20b { // PE32+
		directories = optional + 112
	}
	return h.u32(directories-4) > 4 && h.u32(directories+4*8+4) != 0
}

// peImageVersion is the major version that a PE file gives itself: Linux's EFI stub since
// 5.7 is 1 or more (drivers/firmware/efi/libstub, LINUX_EFISTUB_MAJOR_VERSION).
func (h head) peImageVersion() uint16 {
	at, ok := h.peHeader()
	if !ok {
		return 0
	}
	return h.u16(at + 24 + 44)
}
