package uki

import (
	"encoding/binary"
	"math"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// head is the beginning of an image: the stub with the headers of the sections
// that are added to it.
type head struct {
	bytes    []byte
	file     *pefile.File
	sections int
	end      int64 // address of the first byte after the image in memory
}

// section is what the header of a section says (PE/COFF section 4), in bytes.
type section struct {
	name   string
	offset int64 // in the file
	size   int64 // in the file, a multiple of FileAlignment
	memory int64 // without what fills up to the alignment
}

// Flags of sections (PE/COFF section 4.1).
const (
	containsCode = 0x20
	containsData = 0x40
	readable     = 0x4000_0000
)

// newHead is a stub to which sections can be added. What follows its last section
// is never loaded and is cut off: symbols, of which 252 has some for x64, would be a
// gap in the table of sections, and signatures would be wrong. The stub's image may
// end between two multiples of SectionAlignment, and does in 252.
func (s *Stub) newHead() *head {
	f := s.file
	h := &head{bytes: make([]byte, roundUp(f.SectionsEnd(), int64(f.FileAlignment))), file: f, sections: len(f.Sections)}
	copy(h.bytes, s.bytes[:f.SectionsEnd()])
	clear(h.bytes[f.SymbolsAt():][:8])
	clear(h.bytes[f.CheckSumAt():][:4])
	if at, ok := f.CertificateEntryAt(); ok {
		clear(h.bytes[at:][:8])
	}
	h.end = roundUp(int64(f.SizeOfImage), int64(f.SectionAlignment))
	return h
}

// addSection adds the header of a section whose data follow everything before
// them, in the file and in memory.
func (h *head) addSection(s section) error {
	address := h.end
	h.end = roundUp(address+s.memory, int64(h.file.SectionAlignment))
	if s.offset+s.size > math.MaxUint32 || h.end > math.MaxUint32 {
		return tooLarge(s.name)
	}
	flags, total := uint32(containsData), h.file.SizeOfInitializedDataAt()
	// Kernels that are entered by the handover protocol run where they lie.
	if s.name == ".linux" {
		flags, total = containsCode, h.file.SizeOfCodeAt()
	}
	row := h.bytes[h.file.SectionHeaderAt(h.sections):][:40]
	clear(row)
	copy(row[:8], s.name)
	binary.LittleEndian.PutUint32(row[8:], uint32(s.memory))
	binary.LittleEndian.PutUint32(row[12:], uint32(address))
	binary.LittleEndian.PutUint32(row[16:], uint32(s.size))
	binary.LittleEndian.PutUint32(row[20:], uint32(s.offset))
	binary.LittleEndian.PutUint32(row[36:], flags|readable)

	h.sections++
	binary.LittleEndian.PutUint16(h.bytes[h.file.SectionCountAt():], uint16(h.sections))
	binary.LittleEndian.PutUint32(h.bytes[h.file.SizeOfImageAt():], uint32(h.end))
	sum := binary.LittleEndian.Uint32(h.bytes[total:])
	binary.LittleEndian.PutUint32(h.bytes[total:], sum+uint32(s.size))
	return nil
}
