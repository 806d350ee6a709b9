package image

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Xen is the format of the hypervisor as a program for UEFI firmware.
const Xen = "Xen for UEFI"

// xenBases are the upper halves of the addresses that Xen is linked to run at, in the part
// of the address space that its guests leave to it: XEN_VIRT_START in its
// xen/arch/x86/include/asm/config.h, from 4.3 on and before. No other EFI application has
// such an ImageBase.
const (
	xenBase    = 0xffff82d0
	oldXenBase = 0xffff82c4
)

// xen recognises Xen's own program for UEFI. One that has its configuration in itself (a
// unified image, docs/misc/efi.pandoc) is an EFI application like any other.
func xen(h head) (Found, bool) {
	arch, ok := h.peArch()
	if !ok || h.peSubsystem() != subsystemApplication || h.peHasSection(".config") {
		return Found{}, false
	}
	found := Found{Kind: boot.KindXen, Format: Xen, Arch: arch}
	switch arch {
	case boot.X64:
		found.Version, ok = h.xenX64()
	case boot.ARM64:
		ok = h.xenARM64()
	default:
		ok = false
	}
	return found, ok
}

// xenX64 tells one for x64 by its addresses. It has its version as that of its image
// (EFI_LDFLAGS in xen/arch/x86/arch.mk).
func (h head) xenX64() (version string, ok bool) {
	at, _ := h.peHeader()
	base := h.u32(at + 24 + 28)
	return fmt.Sprintf("%d.%d", h.u16(at+24+44), h.u16(at+24+46)), base == xenBase || base == oldXenBase
}

// xenARM64 tells one for arm64, which is a kernel by the Image header of Linux too, by the
// headers that are written out in xen/arch/arm/arm64/head.S: an Image for any place
// (text_offset 0), whose sections begin with .reloc and are aligned to 8 bytes in the file.
// Linux had the latter two from 3.16 to 4.11, with text_offset 0x80000.
func (h head) xenARM64() bool {
	at, _ := h.peHeader()
	return h.has(0x38, "ARM\x64") && h.u32(8) == 0 && h.u32(12) == 0 && h.u32(at+24+36) == 8 && h.has(at+24+int(h.u16(at+20)), ".reloc\x00")
}

// XenModule is what a file is that Xen reads besides kernel and ramdisk; empty for none of
// these.
type XenModule string

// The modules.
const (
	XenPolicy    XenModule = "policy"    // of the Xen Security Modules
	XenMicrocode XenModule = "microcode" // of the processor, not in a cpio archive
)

// The marks of modules: POLICYDB_MAGIC in Xen's xen/xsm/flask/ss/policydb.h, UCODE_MAGIC in
// its xen/arch/x86/cpu/microcode/amd.c, and the versions of header and loader in Intel's
// (Software Developer's Manual volume 3, section 9.11.1), both 1.
const (
	flaskMagic  = 0xf97cff8c
	amdMagic    = 0x00414d44
	intelHeader = 1
	intelLoader = 20 // offset
)

// XenModuleOf tells by its first bytes what a file is for Xen.
func XenModuleOf(beginning []byte) XenModule {
	switch h := head(beginning); {
	case h.u32(0) == flaskMagic:
		return XenPolicy
	case h.u32(0) == amdMagic, h.u32(0) == intelHeader && h.u32(intelLoader) == intelHeader:
		return XenMicrocode
	}
	return ""
}
