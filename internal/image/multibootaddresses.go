package image

import "fmt"

// loadAddresses are what a Multiboot header says of where the file is to be loaded, in the place
// of its ELF headers: version 0.6.96, section 3.1.3; version 2.0, sections 3.1.5 and 3.1.6. An end
// that is 0 is that of the file, and a memory's that is 0 is where what is loaded ends.
type loadAddresses struct {
	at                            uint64 // of the header in the file
	header, from, end, bss, entry uint64
	entryless                     bool // it has no address at which a PC begins to run
	movable                       bool // it may be loaded elsewhere
}

// Tags beside the address tag of version 2.0: where the kernel begins to run, also of UEFI whose
// boot services go on, and that it may be moved.
const (
	tagEntry        = 3
	tagBootServices = 7
	tagEntryEFI32   = 8
	tagEntryEFI64   = 9
	tagMovable      = 10
	fromBeginning   = 0xffffffff // as load_addr: all of the file is loaded
)

// loadAddresses are those of a header of either version, the first one before.
func (h head) loadAddresses() (a loadAddresses, ok bool) {
	if at := h.multiboot1(); at >= 0 && h.u32(at+4)&hasAddresses != 0 {
		return h.addressesFrom(at, at+12, uint64(h.u32(at+28))), true
	}
	at := h.multiboot2()
	tag := h.tag2(at, tagAddress)
	if at < 0 || tag < 0 {
		return a, false
	}
	a = h.addressesFrom(at, tag+tagHeader, 0)
	if a.from == fromBeginning {
		a.from = a.header - min(a.header, a.at)
	}
	a.movable = h.tag2(at, tagMovable) >= 0
	if entry := h.tag2(at, tagEntry); entry >= 0 {
		a.entry = uint64(h.u32(entry + tagHeader))
		return a, true
	}
	a.entryless = h.tag2(at, tagBootServices) < 0 || h.tag2(at, tagEntryEFI32) < 0 && h.tag2(at, tagEntryEFI64) < 0
	a.entry = a.from // which nobody jumps to
	return a, true
}

func (h head) addressesFrom(header, fields int, entry uint64) loadAddresses {
	field := func(i int) uint64 { return uint64(h.u32(fields + 4*i)) }
	return loadAddresses{at: uint64(header), header: field(0), from: field(1), end: field(2), bss: field(3), entry: entry}
}

// wrong says why no loader loads a file of a size by them, and what to do; "" where nothing is in
// the way.
func (a loadAddresses) wrong(size int64) (why, hint string) {
	const see = "see what the linker script gives for header_addr, load_addr, load_end_addr, bss_end_addr and entry_addr"
	switch {
	case a.from > a.header || a.header-a.from > a.at:
		return fmt.Sprintf("its Multiboot header at %d says that it is at %#x of what is loaded at %#x, which would begin before the file", a.at, a.header, a.from), see
	case a.end != 0 && a.end < a.header:
		return fmt.Sprintf("its Multiboot header says that what is loaded ends at %#x, before the header at %#x", a.end, a.header), see
	case a.bss != 0 && a.bss < a.end:
		return fmt.Sprintf("its Multiboot header says that its memory ends at %#x, before what is loaded at %#x", a.bss, a.end), see
	case a.entryless:
		return "its header of Multiboot 2 doesn't say where it begins to run", "give the header an entry address tag (type 3) beside the address tag"
	case a.entry < a.from || a.bss != 0 && a.entry >= a.bss || a.bss == 0 && a.end != 0 && a.entry >= a.end:
		return fmt.Sprintf("its Multiboot header says that it begins to run at %#x, outside of what is loaded", a.entry), see
	case a.end != 0 && size >= 0 && uint64(size)-min(uint64(size), a.at-(a.header-a.from)) < a.end-a.from:
		return fmt.Sprintf("its Multiboot header says that %d bytes are to be loaded, and the file has fewer", a.end-a.from), "download or copy it again, or build it again"
	case a.from < highFrom && max(a.end, a.bss) > lowEnd && !a.movable:
		return fmt.Sprintf("it is to be loaded from %#x to %#x, where PCs have their BIOS and no memory", a.from, max(a.end, a.bss)), linkedWrong
	}
	return "", ""
}
