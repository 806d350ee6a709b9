package image

import "github.com/spurboot/spur/internal/boot"

const (
	// imageMagic is where arm64 and RISC-V have their magic number, and other
	// kernels with an EFI stub the following one.
	imageMagic = 0x38
	// imageSize is where they say how much memory they take, in 64 bits.
	imageSize = 0x10
	// linuxPE is LINUX_PE_MAGIC (include/linux/pe.h).
	linuxPE = "\xcd\x23\x82\x81"
)

// armImage recognises an arm64 kernel (Documentation/arch/arm64/booting.rst,
// section 4).
func armImage(h head) (Found, bool) {
	if !h.has(imageMagic, "ARM\x64") {
		return Found{}, false
	}
	_, stub := h.peArch()
	return Found{Kind: boot.KindLinux, Format: Image, Arch: boot.ARM64, EFIStub: stub}, true
}

// riscvImage recognises a RISC-V kernel (Documentation/arch/riscv/
// boot-image-header.rst). Its header does not tell 32 from 64 bits; that of
// its EFI stub does.
func riscvImage(h head) (Found, bool) {
	if !h.has(imageMagic, "RSC\x05") {
		return Found{}, false
	}
	arch, stub := h.peArch()
	if arch != boot.RISCV32 {
		arch = boot.RISCV64
	}
	return Found{Kind: boot.KindLinux, Format: Image, Arch: arch, EFIStub: stub}, true
}

// loongImage recognises a LoongArch kernel, which is always an EFI application
// too (Documentation/arch/loongarch/booting.rst).
func loongImage(h head) (Found, bool) {
	arch, stub := h.peArch()
	if arch != boot.LOONG64 || !h.has(imageMagic, linuxPE) {
		return Found{}, false
	}
	return Found{Kind: boot.KindLinux, Format: Image, Arch: arch, EFIStub: stub}, true
}

// armZImage recognises a 32-bit ARM kernel by the magic number that follows
// its first instructions (arch/arm/boot/compressed/head.S).
func armZImage(h head) (Found, bool) {
	if h.u32(0x24) != 0x016f2818 {
		return Found{}, false
	}
	_, stub := h.peArch()
	return Found{Kind: boot.KindLinux, Format: ZImage, Arch: boot.ARM, EFIStub: stub}, true
}

// zboot recognises a compressed kernel that unpacks itself under UEFI
// (drivers/firmware/efi/libstub/zboot-header.S).
func zboot(h head) (Found, bool) {
	arch, ok := h.peArch()
	if !ok || !h.has(4, "zimg") {
		return Found{}, false
	}
	return Found{Kind: boot.KindLinux, Format: Zboot, Arch: arch, EFIStub: true}, true
}

// zbootSize is the least size of a whole zboot kernel: offset and length of
// its compressed payload.
func zbootSize(h head) int64 { return int64(h.u32(8)) + int64(h.u32(12)) }
