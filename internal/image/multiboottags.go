package image

import "fmt"

// The tags of a header of the second version: version 2.0, sections 3.1.3 to 3.1.12.
const (
	tagEnd     = 0
	tagAddress = 2
	tagMovable = 10 // it may be loaded elsewhere
	tagHeader  = 8  // bytes of type, flags and size

	tagOptional = 1 // of the flags: a loader that doesn't know the tag goes on
)

// tags2 says what is wrong with the tags of a header, or "".
func (h head) tags2(at int) string {
	wrong := ""
	end := h.eachTag2(at, func(tag int) {
		if kind, size := h.u16(tag), h.u32(tag+4); size < leastTag(kind) {
			wrong = fmt.Sprintf("its header of Multiboot 2 has a tag of type %d with %d bytes, of which it needs %d", kind, size, leastTag(kind))
		}
	})
	switch {
	case end < 0:
		wrong = "its header of Multiboot 2 has a tag whose size is wrong, or no end tag (type 0, flags 0, size 8)"
	case end > within2:
		wrong = "its header of Multiboot 2 doesn't end within the first 32 KiB"
	}
	return wrong
}

// demanded2 is a tag of a header that isn't optional, and that GRUB doesn't know, so that it ends
// with "unsupported tag"; 0 for none.
func (h head) demanded2(at int) (kind uint16) {
	h.eachTag2(at, func(tag int) {
		if known := h.u16(tag) <= tagMovable && h.u16(tag) != tagEntryEFI32; !known && h.u16(tag+2)&tagOptional == 0 {
			kind = h.u16(tag)
		}
	})
	return kind
}

// leastTag is how many bytes a tag has that says addresses.
func leastTag(kind uint16) uint32 {
	switch kind {
	case tagAddress, tagMovable:
		return tagHeader + 4*4
	case tagEntry, tagEntryEFI32, tagEntryEFI64:
		return tagHeader + 4
	}
	return tagHeader
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
