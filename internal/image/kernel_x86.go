package image

import (
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Fields of the real-mode kernel header (Documentation/arch/x86/boot.rst).
const (
	setupSects    = 0x1f1
	sysSize       = 0x1f4
	bootFlag      = 0x1fe
	headerMagic   = 0x202
	headerVersion = 0x206
	kernelVersion = 0x20e
	relocatable   = 0x234
	xloadflags    = 0x236
	initSize      = 0x260

	// kernel64 is XLF_KERNEL_64: the kernel has a 64-bit entry point.
	kernel64 = 1 << 0
	// handover32 is XLF_EFI_HANDOVER_32: a 64-bit kernel can be entered from UEFI
	// firmware of 32 bits.
	handover32 = 1 << 2
)

// sizeSlack is how much shorter than its header says a file may be: the size
// counts paragraphs of 16 bytes, and builders round up to as much as a page.
const sizeSlack = 4096

// bzImage recognises an x86 kernel of boot protocol 2.00 or later. iPXE's
// ipxe.lkrn, memtest86+ and memdisk carry the same header and start likewise.
func bzImage(h head) (Found, bool) {
	if h.u16(bootFlag) != 0xaa55 || !h.has(headerMagic, "HdrS") || h.u16(headerVersion) < 0x0200 {
		return Found{}, false
	}
	f := Found{Kind: boot.KindLinux, Format: BzImage}
	f.Arch, f.EFIStub = h.peArch()
	switch {
	case h.u16(headerVersion) >= 0x020c && h.u16(xloadflags)&kernel64 != 0:
		f.Arch = boot.X64
		// The entry for loaders that know the kernel's own protocol, and the one for
		// those that look for a section (since Linux 5.7, CONFIG_EFI_MIXED).
		f.EFIMixed = h.u16(xloadflags)&handover32 != 0 || h.peHasSection(".compat")
	case h.u16(headerVersion) >= 0x020c:
		f.Arch = boot.X86
	}
	// systemd's stub enters a kernel of before Linux 5.8 by the handover protocol, and only
	// where it can be moved (src/boot/efi/linux_x86.c). Memtest86+ can't.
	if f.EFIStub && h.peImageVersion() == 0 && h.u8(relocatable) == 0 {
		f.Format = FixedBzImage
	}
	if at := h.u16(kernelVersion); at != 0 {
		f.Version, _, _ = strings.Cut(h.text(0x200+int(at), 128), " ")
	}
	return f, true
}

// bzImageSize is the least size of a whole bzImage: setup code, of which one
// sector is not counted, and the protected-mode code. sysSize has 32 bits from
// protocol 2.04 on. A setupSects of 0 means 4.
func bzImageSize(h head) int64 {
	if h.u16(headerVersion) < 0x0204 {
		return 0
	}
	sects := int64(h.u8(setupSects))
	if sects == 0 {
		sects = 4
	}
	return max(0, (sects+1)*512+int64(h.u32(sysSize))*16-sizeSlack)
}
