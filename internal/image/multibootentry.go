package image

// Tags of version 2.0 that say where a kernel begins to run that is loaded by the address tag:
// of any machine, and of UEFI whose boot services the header has the loader keep. GRUB alone
// loads by them (grub-core/loader/multiboot_mbi2.c). Its build for UEFI of 64 bits takes the last
// in the place of the first where boot services are kept. None takes the entry of UEFI of 32
// bits: it is an unsupported tag even to the build for that.
const (
	tagEntry        = 3
	tagBootServices = 7
	tagEntryEFI32   = 8
	tagEntryEFI64   = 9
)

// entries2 are the addresses at which a kernel begins to run by a header of version 2.
func (h head) entries2(header int) (entries []uint64) {
	if at := h.tag2(header, tagEntry); at >= 0 {
		entries = append(entries, uint64(h.u32(at+tagHeader)))
	}
	if at := h.tag2(header, tagEntryEFI64); at >= 0 && h.tag2(header, tagBootServices) >= 0 {
		entries = append(entries, uint64(h.u32(at+tagHeader)))
	}
	return entries
}

// entryless tells whether a header of version 2 has the kernel loaded by the address tag, and
// doesn't say where it begins to run. Without an address tag that is where its ELF header says.
func (h head) entryless(header int) bool {
	return h.tag2(header, tagAddress) >= 0 && len(h.entries2(header)) == 0
}

// entryEFI64 tells whether UEFI of 64 bits alone is told where the kernel begins to run.
func (h head) entryEFI64(header int) bool {
	return h.tag2(header, tagAddress) >= 0 && h.tag2(header, tagEntry) < 0 && !h.entryless(header)
}
