package image

import "fmt"

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
	case h.tags2(at) == "" && h.demanded2(at) != 0:
		return fmt.Sprintf("its header of Multiboot 2 demands what no loader has (tag type %d)", h.demanded2(at)), "give the tag the flag by which it is optional (1)"
	}
	return h.tags2(at), "see that each tag has its size, begins at a multiple of 8, and that an end tag is the last"
}
