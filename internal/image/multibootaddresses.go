package image

import (
	"fmt"
	"slices"
)

// loadAddresses are what a Multiboot header says of where the file is to be loaded, in the place
// of its ELF headers: version 0.6.96, section 3.1.3; version 2.0, sections 3.1.5 and 3.1.6. An end
// that is 0 is that of the file, and a memory's that is 0 is where what is loaded ends.
type loadAddresses struct {
	at                     uint64 // of the header in the file
	header, from, end, bss uint64
	entries                []uint64 // at which PCs begin to run, each one at one of them
	movable                bool     // it may be loaded elsewhere
}

// fromBeginning is a load_addr of version 2.0 that has all of the file loaded.
const fromBeginning = 0xffffffff

// loadAddresses are those of a header of either version, the first one before.
func (h head) loadAddresses() (a loadAddresses, ok bool) {
	first, second := h.headers()
	if first >= 0 && h.hasAddresses1(first) {
		a = h.addressesFrom(first, first+12)
		a.entries = []uint64{uint64(h.u32(first + 28))}
		return a, true
	}
	if second < 0 || h.tag2(second, tagAddress) < 0 {
		return a, false
	}
	a = h.addressesFrom(second, h.tag2(second, tagAddress)+tagHeader)
	if a.from == fromBeginning {
		a.from = a.header - min(a.header, a.at)
	}
	a.movable = h.tag2(second, tagMovable) >= 0
	a.entries = h.entries2(second)
	return a, true
}

func (h head) addressesFrom(header, fields int) loadAddresses {
	field := func(i int) uint64 { return uint64(h.u32(fields + 4*i)) }
	return loadAddresses{at: uint64(header), header: field(0), from: field(1), end: field(2), bss: field(3)}
}

// wrong says why no loader loads a file of a size by them, and what to do; "" where nothing is in
// the way.
func (a loadAddresses) wrong(size int64) (why, hint string) {
	entry, astray := a.astray()
	const see = "see what the linker script gives for header_addr, load_addr, load_end_addr, bss_end_addr and entry_addr"
	switch {
	case a.from > a.header || a.header-a.from > a.at:
		return fmt.Sprintf("its Multiboot header at %d says that it is at %#x of what is loaded at %#x, which would begin before the file", a.at, a.header, a.from), see
	case a.end != 0 && a.end < a.header:
		return fmt.Sprintf("its Multiboot header says that what is loaded ends at %#x, before the header at %#x", a.end, a.header), see
	case a.bss != 0 && a.bss < a.end:
		return fmt.Sprintf("its Multiboot header says that its memory ends at %#x, before what is loaded at %#x", a.bss, a.end), see
	case len(a.entries) == 0:
		return "its header of Multiboot 2 doesn't say where it begins to run", "give the header an entry address tag (type 3) beside the address tag"
	case astray:
		return fmt.Sprintf("its Multiboot header says that it begins to run at %#x, outside of what is loaded", entry), see
	case a.end != 0 && size >= 0 && uint64(size)-min(uint64(size), a.at-(a.header-a.from)) < a.end-a.from:
		return fmt.Sprintf("its Multiboot header says that %d bytes are to be loaded, and the file has fewer", a.end-a.from), "download or copy it again, or build it again"
	case a.from < highFrom && max(a.end, a.bss) > lowEnd && !a.movable:
		return fmt.Sprintf("it is to be loaded from %#x to %#x, where PCs have their BIOS and no memory", a.from, max(a.end, a.bss)), linkedWrong
	}
	return "", ""
}

// astray is an address at which the kernel would begin to run outside of what is loaded.
func (a loadAddresses) astray() (entry uint64, ok bool) {
	i := slices.IndexFunc(a.entries, func(entry uint64) bool {
		return entry < a.from || a.bss != 0 && entry >= a.bss || a.bss == 0 && a.end != 0 && entry >= a.end
	})
	if i < 0 {
		return 0, false
	}
	return a.entries[i], true
}
