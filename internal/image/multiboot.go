package image

import "github.com/spurboot/spur/internal/boot"

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
// bits, or UEFI of 64 bits. But for the entry of that one, all begin to run in 32 bits.
func multiboot(h head) (Found, bool) {
	found := Found{Kind: boot.KindMultiboot, Arch: boot.X86}
	first, second := h.headers()
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
	addressed := first >= 0 && h.hasAddresses1(first)
	if !kernel.loadable && !addressed && (second < 0 || h.tag2(second, tagAddress) < 0) {
		return Found{}, false
	}
	found.EntryEFI64 = second >= 0 && h.entryEFI64(second)
	if kernel.wide && !addressed || first < 0 && found.EntryEFI64 {
		found.Arch = boot.X64
	}
	return found, true
}

// headers are where those of both versions are; -1 for nowhere. One of the second version that
// says nowhere where the kernel begins to run doesn't count beside one by which it is loaded.
func (h head) headers() (first, second int) {
	first, second = h.multiboot1(), h.multiboot2()
	if first >= 0 && second >= 0 && h.entryless(second) && (h.hasAddresses1(first) || h.elf().loadable) {
		second = -1
	}
	return first, second
}

// hasAddresses1 tells whether a header of the first version says where the kernel is to be loaded.
func (h head) hasAddresses1(header int) bool { return h.u32(header+4)&hasAddresses != 0 }

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
		if h.u32(at) == magic2 && h.u32(at+4) == 0 && h.sum2(at) == 0 && h.tags2(at) == "" && h.demanded2(at) == 0 {
			return at
		}
	}
	return -1
}

// sum2 is what the magic number, the architecture, the length and the checksum come to: 0.
func (h head) sum2(at int) uint32 { return h.sum1(at) + h.u32(at+12) }
