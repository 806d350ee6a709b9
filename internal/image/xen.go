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

// xen recognises Xen's own program for UEFI, which tells its version as that of its image
// (EFI_LDFLAGS in xen/arch/x86/arch.mk). One that has its configuration in itself (a
// unified image, docs/misc/efi.pandoc) is an EFI application like any other.
func xen(h head) (Found, bool) {
	arch, ok := h.peArch()
	if !ok || arch != boot.X64 || h.peSubsystem() != subsystemApplication || h.peHasSection(".config") {
		return Found{}, false
	}
	at, _ := h.peHeader()
	if base := h.u32(at + 24 + 28); base != xenBase && base != oldXenBase {
		return Found{}, false
	}
	return Found{Kind: boot.KindXen, Format: Xen, Arch: arch, Version: fmt.Sprintf("%d.%d", h.u16(at+24+44), h.u16(at+24+46))}, true
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
