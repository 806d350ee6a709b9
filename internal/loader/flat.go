package loader

import (
	"bytes"
	"debug/elf"
	"fmt"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nbi"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/route"
)

// HeadMost is where a program for a BIOS says in clear text what it is: iPXE and
// PXELINUX are compressed behind that.
const HeadMost = 16 << 10

// IdentifyFlat says what a file is that a BIOS loads as it is and that begins so. The
// errors are clauses, like those of [Identify].
func IdentifyFlat(head []byte) (route.Identity, error) {
	return identifyFlat(head[:min(len(head), HeadMost)])
}

// identifyOther says what a file is that is no EFI binary; begin gives its beginning.
func identifyOther(head []byte, begin func(most int64) ([]byte, error)) (route.Identity, error) {
	id, err := identifyFlat(head)
	named := err != nil && bytes.HasPrefix(head, []byte(elf.ELFMAG))
	if !named && (err != nil || id.Kind != route.KindGRUB && id.Kind != route.KindRPi) {
		return id, err
	}
	content, readErr := begin(SizeMost)
	switch {
	case readErr != nil:
		return id, readErr
	case named:
		return identifyNamed(content, err)
	case id.Kind == route.KindGRUB:
		tellGRUBCore(&id, content)
	default:
		id.Version = videoCoreDate(content)
	}
	return id, nil
}

// videoCoreDate is the day on which a Raspberry Pi's firmware was built, which it has
// as "VC_BUILD_ID_TIME: Aug 26 2022", by the order of days.
func videoCoreDate(content []byte) string {
	day, err := time.Parse("Jan 2 2006", match(`VC_BUILD_ID_TIME: ([A-Z][a-z]{2} {1,2}\d{1,2} \d{4})\x00`, content))
	if err != nil {
		return ""
	}
	return day.Format(time.DateOnly)
}

// isVideoCore tells whether a file is a program for the processor that starts first on
// a Raspberry Pi (ELF, EM_VIDEOCORE3 in the list of machines).
func isVideoCore(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x7fELF\x01\x01")) && len(head) > 20 && head[18] == 137 && head[19] == 0
}

// identifyFlat says what a file is that a BIOS or a board loads as it is, or that such a
// program loads. Most features don't show: what follows the first instructions is
// compressed.
func identifyFlat(head []byte) (route.Identity, error) {
	id := route.Identity{Firmware: boot.BIOS, Arch: boot.X86}
	switch {
	case len(head) < 2:
		return route.Identity{}, fmt.Errorf("it is too short for a bootloader: it has %d bytes", len(head))
	case printable.IsText(head[:min(len(head), textMost)]): // which may have any mark in it, as source has
		return route.Identity{}, unknown(head)
	case bytes.Contains(head, []byte("PXE->EB:")) && bytes.Contains(head, []byte("No PXE stack found!")):
		// pxeprefix.S of iPXE, and of gPXE and Etherboot before it.
		id.Kind = route.KindIPXE
	case isX86Kernel(head) && bytes.Contains(head, []byte("Installation failed - cannot continue")):
		// libprefix.S of iPXE, in the build that Linux's boot protocol starts.
		id.Kind, id.Version = route.KindIPXEKernel, kernelVersion(head)
	case bytes.Contains(head, []byte("\r\nPXELINUX ")):
		id.Kind, id.Version, id.Features = route.KindPXELINUX, match(`\nPXELINUX (\d[.0-9A-Za-z]{1,20}) `, head), boot.CanTFTP
		if bytes.Contains(head, []byte(" lwIP ")) {
			id.Features |= boot.CanHTTP // by a network stack of its own
		}
	case isGRUBCore(head):
		id.Kind = route.KindGRUB
	case isGRUBLegacy(head):
		id.Kind = route.KindGRUBLegacy
		tellGRUBLegacy(&id, head)
	case nbi.IsStarter(head):
		id.Kind, id.Version = route.KindNBIStarter, "1"
	case isX86Kernel(head) && kernelVersion(head) == "MEMDISK":
		// It has its version where a kernel has, behind its name (Syslinux, memdisk/memdisk16.asm).
		id.Kind, id.Version = route.KindMemdisk, match(`MEMDISK (\d[.0-9A-Za-z]{1,20}) `, head)
	case isX86Kernel(head):
		id.Kind, id.Version = route.KindLinux, kernelVersion(head)
	case isVideoCore(head):
		id = route.Identity{Kind: route.KindRPi, Firmware: boot.RPiFirmware, Arch: boot.ARM64}
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return identifyModule(head)
	default:
		return route.Identity{}, unknown(head)
	}
	return id, nil
}

// textMost is how much of a file is looked at to take it for text: the programs that are told
// apart here have their first instructions there.
const textMost = 1 << 10

// unknown is the error about what begins like no loader.
func unknown(head []byte) error {
	return fmt.Errorf("%w: it begins with %q", ErrUnknown, head[:min(len(head), 8)])
}

// identifyModule says which module of Syslinux an ELF file is that begins so.
func identifyModule(head []byte) (route.Identity, error) {
	arch := moduleArch(head)
	return companion(func(c route.Companion) bool {
		return c.Mark != "" && c.Arch == arch && bytes.Contains(head, []byte(c.Mark))
	})
}

// identifyNamed says the same of a file by the name that it has for those that need it;
// other is the error about one that is none.
func identifyNamed(content []byte, other error) (route.Identity, error) {
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return route.Identity{}, other
	}
	names, err := f.DynString(elf.DT_SONAME)
	if err != nil || len(names) == 0 {
		return route.Identity{}, other
	}
	arch := moduleArch(content)
	return companion(func(c route.Companion) bool { return c.Mark == "" && c.Arch == arch && c.File == names[0] })
}

// moduleArch is the architecture of a module of Syslinux that begins so; empty where it is
// none: a shared object for an x86 processor (ELF, e_type and e_machine). Modules for a
// BIOS and for UEFI of 32 bits don't differ in that.
func moduleArch(head []byte) boot.Arch {
	const shared, i386, x8664 = 3, 3, 62
	if len(head) < 20 || head[16] != shared || head[17] != 0 || head[19] != 0 {
		return ""
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF\x01\x01")) && head[18] == i386:
		return boot.X86
	case bytes.HasPrefix(head, []byte("\x7fELF\x02\x01")) && head[18] == x8664:
		return boot.X64
	}
	return ""
}

// companion is the first of the table of loaders that is the one.
func companion(is func(route.Companion) bool) (route.Identity, error) {
	for _, l := range route.Loaders() {
		for _, c := range l.Companions {
			if !is(c) {
				continue
			}
			kind := route.KindLdlinux
			if c.For != "" {
				kind = route.KindModule
			}
			return route.Identity{Kind: kind, Firmware: c.Firmware, Arch: c.Arch}, nil
		}
	}
	return route.Identity{}, fmt.Errorf("%w, but another ELF file", ErrUnknown)
}
