package image

import (
	"cmp"
	"fmt"
	"slices"
)

// load is a part of a Multiboot kernel in the memory of a machine.
type load struct{ from, to uint64 }

// Where a PC has what is no memory, and up to where loaders of 32 bits reach.
const (
	lowEnd      = 0xa0000
	highFrom    = 1 << 20
	reachable   = 1 << 32
	linkedWrong = "set the addresses in the linker script: from 1 MiB on, one part behind the other"
)

// wrongPlace says why no loader loads a Multiboot kernel where it is to be, and what to
// do; "" where nothing is in the way.
func (h head) wrongPlace(size int64) (why, hint string) {
	if a, ok := h.loadAddresses(); ok {
		return a.wrong(size)
	}
	all := h.elfLoads()
	slices.SortFunc(all, func(a, b load) int { return cmp.Compare(a.from, b.from) })
	for i, l := range all {
		switch {
		case l.to > reachable || l.to < l.from:
			return fmt.Sprintf("a part of it is to be loaded at %#x, beyond 4 GiB, where loaders don't reach", l.from), "give its parts physical addresses (AT in the linker script) below that"
		case l.from < highFrom && l.to > lowEnd:
			return fmt.Sprintf("a part of it is to be loaded from %#x to %#x, where PCs have their BIOS and no memory", l.from, l.to), linkedWrong
		case i > 0 && all[i-1].to > l.from:
			return fmt.Sprintf("two parts of it are to be loaded over each other, at %#x and %#x", all[i-1].from, l.from), linkedWrong
		}
	}
	return "", ""
}

// placed looks at where a Multiboot kernel is to be loaded. In the memory below 640 KiB
// some loaders put a kernel, and others are themselves.
func (h head) placed(f Found, size int64) (Found, error) {
	if why, hint := h.wrongPlace(size); why != "" {
		return Found{}, &Mismatch{Looks: "a " + f.Format + ", and " + why, Hint: hint, Wanted: wantedKernel}
	}
	if from, ok := h.lowest(); ok && from < lowEnd {
		f.Description += fmt.Sprintf(", to be loaded at %#x, where loaders may be themselves", from)
	}
	return f, nil
}

// lowest is the first address of what is loaded.
func (h head) lowest() (from uint64, ok bool) {
	if a, ok := h.loadAddresses(); ok {
		return a.from, !a.movable
	}
	for _, l := range h.elfLoads() {
		if !ok || l.from < from {
			from, ok = l.from, true
		}
	}
	return from, ok
}

// elfLoads are the parts that an ELF file's program headers have loaded, by their physical
// addresses.
func (h head) elfLoads() (all []load) {
	if !h.elf().loadable {
		return nil
	}
	h.eachProgram(func(at int, wide bool) {
		from, n := uint64(h.u32(at+elfPhysical32)), uint64(h.u32(at+elfMemory32))
		if wide {
			from, n = h.u64(at+elfPhysical64), h.u64(at+elfMemory64)
		}
		if n > 0 {
			all = append(all, load{from, from + n})
		}
	})
	return all
}
