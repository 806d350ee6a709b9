package image

import (
	"encoding/binary"
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// The formats of kernels by the Multiboot Specification, by the versions of which they
// have a header.
const (
	Multiboot1    = "Multiboot kernel"
	Multiboot2    = "Multiboot 2 kernel"
	MultibootBoth = "Multiboot 1 and 2 kernel"
)

// The headers, and within how much of the file they lie and are aligned: version
// 0.6.96, section 3.1; version 2.0, section 3.1.1.
const (
	magic1, within1, align1 = 0x1badb002, 8 << 10, 4
	magic2, within2, align2 = 0xe85250d6, 32 << 10, 8
	archMIPS                = 4
)

// What a header of the first version demands of the loader, in the half in which loaders
// must know all: aligned modules, memory and video mode. Of the other half, that the
// header itself says where the kernel is to be loaded.
const (
	demandsKnown = 1<<0 | 1<<1 | 1<<2
	demandsAll   = 0xffff
	hasAddresses = 1 << 16
)

// multiboot recognises a kernel by its headers. Its architecture is x86 where any loader
// of the specification loads it, and x64 where that takes one that knows ELF files of 64
// bits; all of them begin to run in 32 bits.
func multiboot(h head) (Found, bool) {
	found := Found{Kind: boot.KindMultiboot, Arch: boot.X86}
	first, second := h.multiboot1(), h.multiboot2()
	kernel := h.elf()
	switch {
	case first >= 0 && second >= 0:
		found.Format = MultibootBoth
	case first >= 0:
		found.Format = Multiboot1
	case second >= 0:
		found.Format = Multiboot2
	default:
		return Found{}, false
	}
	addresses := first >= 0 && h.u32(first+4)&hasAddresses != 0 || second >= 0 && h.tag2(second, tagAddress) >= 0
	if !kernel.loadable && !addresses {
		return Found{}, false
	}
	if kernel.wide && (first < 0 || h.u32(first+4)&hasAddresses == 0) {
		found.Arch = boot.X64
	}
	return found, true
}

// multiboot1 is where the header of the first version is; -1 for nowhere.
func (h head) multiboot1() int {
	for at := 0; at <= min(len(h), within1)-12; at += align1 {
		if h.u32(at) == magic1 && h.sum1(at) == 0 && h.u32(at+4)&demandsAll&^demandsKnown == 0 {
			return at
		}
	}
	return -1
}

// sum1 is what the magic number, the flags and the checksum come to: 0.
func (h head) sum1(at int) uint32 { return h.u32(at) + h.u32(at+4) + h.u32(at+8) }

// multiboot2 is where the header of the second version is, for x86; -1 for nowhere.
func (h head) multiboot2() int {
	for at := 0; at <= min(len(h), within2)-16; at += align2 {
		if h.u32(at) == magic2 && h.u32(at+4) == 0 && h.sum2(at) == 0 && h.tags2(at) == "" {
			return at
		}
	}
	return -1
}

// sum2 is what the magic number, the architecture, the length and the checksum come to: 0.
func (h head) sum2(at int) uint32 { return h.sum1(at) + h.u32(at+12) }

// The tags of a header of the second version: version 2.0, sections 3.1.3 to 3.1.12.
const (
	tagEnd     = 0
	tagAddress = 2
	tagHeader  = 8 // bytes of type, flags and size
)

// tags2 says what is wrong with the tags of a header, or "".
func (h head) tags2(at int) string {
	wrong := ""
	end := h.eachTag2(at, func(int) {})
	switch {
	case end < 0:
		wrong = "its header of Multiboot 2 has a tag whose size is wrong, or no end tag (type 0, flags 0, size 8)"
	case end > within2:
		wrong = "its header of Multiboot 2 doesn't end within the first 32 KiB"
	}
	return wrong
}

// tag2 is where a tag of a type is; -1 for nowhere.
func (h head) tag2(at int, kind uint16) int {
	found := -1
	h.eachTag2(at, func(tag int) {
		if h.u16(tag) == kind && found < 0 {
			found = tag
		}
	})
	return found
}

// eachTag2 goes through the tags of a header, and tells where they end; -1 where their
// sizes lead out of the header.
func (h head) eachTag2(at int, do func(tag int)) int {
	last := at + int(min(h.u32(at+8), headSize))
	for tag := at + 16; tag+tagHeader <= min(last, len(h)); {
		size := int(min(h.u32(tag+4), headSize))
		if size < tagHeader {
			return -1
		}
		if h.u16(tag) == tagEnd {
			return tag + size
		}
		do(tag)
		tag += (size + align2 - 1) &^ (align2 - 1)
	}
	return -1
}

// elfKernel is what an ELF file is that could be a kernel for x86.
type elfKernel struct {
	loadable bool  // a program for x86
	wide     bool  // of 64 bits
	size     int64 // that it must have for all that is loaded of it
}

// The numbers of ELF that are used here (System V ABI).
const (
	elfWide, elfLittle          = 2, 1
	elfProgram, elfShared       = 2, 3
	elf386, elfX86_64           = 3, 62
	elfLoad                     = 1
	elfEntry32, elfEntry64      = 32, 56 // bytes of a program header
	elfHeadersMost              = 256    // of which more is read than any kernel has
	elfFileOff32, elfFileSize32 = 4, 16
	elfFileOff64, elfFileSize64 = 8, 32
	elfPhysical32, elfMemory32  = 12, 20
	elfPhysical64, elfMemory64  = 24, 40
)

func (h head) elf() elfKernel {
	if !h.has(0, "\x7fELF") || h.u8(5) != elfLittle {
		return elfKernel{}
	}
	kind, machine, wide := h.u16(16), h.u16(18), h.u8(4) == elfWide
	program := kind == elfProgram || kind == elfShared
	return elfKernel{loadable: program && (machine == elf386 || machine == elfX86_64), wide: wide, size: h.elfSize()}
}

// elfSize is the end of the last part that the program headers have loaded.
func (h head) elfSize() (size int64) {
	h.eachProgram(func(at int, wide bool) {
		off, n := uint64(h.u32(at+elfFileOff32)), uint64(h.u32(at+elfFileSize32))
		if wide {
			off, n = h.u64(at+elfFileOff64), h.u64(at+elfFileSize64)
		}
		if end := off + n; n > 0 && end > off && end < 1<<62 {
			size = max(size, int64(end))
		}
	})
	return size
}

// eachProgram goes through the program headers of an ELF file that have a part loaded.
func (h head) eachProgram(do func(at int, wide bool)) {
	wide := h.u8(4) == elfWide
	at, entry, count := uint64(h.u32(28)), uint64(elfEntry32), h.u16(44)
	if wide {
		at, entry, count = h.u64(32), elfEntry64, h.u16(56)
	}
	for range min(count, elfHeadersMost) {
		if at > uint64(len(h)) {
			return
		}
		if h.u32(int(at)) == elfLoad {
			do(int(at), wide)
		}
		at += entry
	}
}

func (h head) u64(at int) uint64 {
	if at < 0 || at > len(h)-8 {
		return 0
	}
	return binary.LittleEndian.Uint64(h[at:])
}

// wantedKernel is what a file is not that was meant for a Multiboot kernel.
const wantedKernel = "a kernel that a loader takes"

// foreignMultiboot2 says that a header of Multiboot 2 is for machines that no loader of
// Spur's is for, and what to do; "" where there is none.
func (h head) foreignMultiboot2() (why, hint string) {
	for at := 0; at <= min(len(h), within2)-16; at += align2 {
		if h.u32(at) != magic2 || h.u32(at+4) == 0 || h.sum2(at) != 0 {
			continue
		}
		arch := fmt.Sprintf("architecture %d", h.u32(at+4))
		if h.u32(at+4) == archMIPS {
			arch += ", MIPS"
		}
		return fmt.Sprintf("its header of Multiboot 2 at %d is for another kind of machine (%s)", at, arch), "give one that was built for PCs, whose header has architecture 0"
	}
	return "", ""
}

// flatMismatch says what is wrong with a flat file that was meant for a Multiboot kernel;
// nil for one that wasn't.
func flatMismatch(h head) *Mismatch {
	why, hint := h.foreignMultiboot2()
	if at := h.multiboot1(); why == "" && at >= 0 {
		why, hint = fmt.Sprintf("its Multiboot header at %d doesn't say where it is to be loaded", at), "link it as an ELF file, or set flag 16 of the header and give the five addresses"
	}
	if at := h.multiboot2(); why == "" && at >= 0 {
		why, hint = fmt.Sprintf("its header of Multiboot 2 at %d doesn't say where it is to be loaded", at), "link it as an ELF file, or give the header an address tag (type 2)"
	}
	if why == "" {
		why, hint = h.brokenFlat()
	}
	if why == "" {
		return nil
	}
	return &Mismatch{Looks: "a flat file, and " + why, Hint: hint, Wanted: wantedKernel}
}

// brokenFlat does as brokenMultiboot for a flat file, of which less can be taken for a
// header: what has addresses, and of the rest nothing that isn't known.
func (h head) brokenFlat() (why, hint string) {
	for at := 0; at+12 <= len(h); at++ {
		flags := h.u32(at + 4)
		switch {
		case h.u32(at) == magic1 && flags&hasAddresses != 0 && flags&^(hasAddresses|demandsKnown) == 0:
			why, hint = h.broken1(at)
		case h.u32(at) == magic2 && flags == 0 && h.u32(at+8) >= 16 && h.u32(at+8) <= within2:
			why, hint = h.broken2(at)
		}
		if why != "" {
			return why, hint
		}
	}
	return "", ""
}

// elfMismatch says what an ELF file is that doesn't boot.
func elfMismatch(h head) *Mismatch {
	e := h.elf()
	why, hint := h.foreignMultiboot2()
	if e.loadable && why == "" {
		why, hint = h.brokenMultiboot()
	}
	if why != "" {
		return &Mismatch{Looks: "an ELF file, and " + why, Hint: hint, Wanted: wantedKernel}
	}
	bits := 32
	if h.u8(4) == elfWide {
		bits = 64
	}
	return &Mismatch{
		Looks: fmt.Sprintf("an ELF file of %d bits without a Multiboot header (an uncompressed kernel, vmlinux, or a program)", bits),
		Hint:  "of Linux give the bootable kernel, which is called vmlinuz or bzImage (arch/x86/boot/bzImage in a build tree); a kernel of your own needs a Multiboot header in its first 8 KiB, see that the linker script puts it first",
	}
}

// brokenMultiboot says what is wrong with what was meant for a header, and what to do;
// "" where there is none.
func (h head) brokenMultiboot() (why, hint string) {
	for at := 0; at+12 <= len(h); at++ {
		switch {
		case h.u32(at) == magic1:
			why, hint = h.broken1(at)
		case h.u32(at) == magic2 && h.u32(at+4) == 0:
			why, hint = h.broken2(at)
		}
		if why != "" {
			return why, hint
		}
	}
	return "", ""
}

func (h head) broken1(at int) (why, hint string) {
	const place = "put the section that has it first in the linker script, aligned to 4 bytes"
	flags := h.u32(at + 4)
	switch {
	case h.sum1(at) != 0 && at%align1 == 0:
		return fmt.Sprintf("its Multiboot header at %d has a wrong checksum, %#x", at, h.u32(at+8)),
			fmt.Sprintf("the checksum must be -(magic + flags), here %#x", -(h.u32(at) + flags))
	case h.sum1(at) != 0:
		return "", "" // four bytes that came about by themselves
	case at%align1 != 0:
		return fmt.Sprintf("its Multiboot header at %d isn't aligned to 4 bytes, so that no loader finds it", at), place
	case at+12 > within1:
		return fmt.Sprintf("its Multiboot header is at %d, and loaders look for it in the first %d bytes", at, within1), place
	case flags&demandsAll&^demandsKnown != 0:
		return fmt.Sprintf("its Multiboot header demands what no loader has (flags %#x)", flags&demandsAll&^demandsKnown), "of the flags 0 to 15 set none but 0, 1 and 2"
	}
	return "", ""
}

func (h head) broken2(at int) (why, hint string) {
	const place = "put the section that has it first in the linker script, aligned to 8 bytes"
	switch {
	case h.sum2(at) != 0 && at%align2 == 0:
		return fmt.Sprintf("its header of Multiboot 2 at %d has a wrong checksum, %#x", at, h.u32(at+12)),
			fmt.Sprintf("the checksum must be -(magic + architecture + length), here %#x", -h.sum1(at))
	case h.sum2(at) != 0:
		return "", ""
	case at%align2 != 0:
		return fmt.Sprintf("its header of Multiboot 2 at %d isn't aligned to 8 bytes, so that no loader finds it", at), place
	case at+16 > within2:
		return fmt.Sprintf("its header of Multiboot 2 is at %d, and loaders look for it in the first %d bytes", at, within2), place
	}
	return h.tags2(at), "see that each tag has its size, begins at a multiple of 8, and that an end tag is the last"
}
