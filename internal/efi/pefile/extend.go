package pefile

import (
	"encoding/binary"
	"errors"
	"math"
)

// Flags of sections (PE/COFF section 4.1).
const (
	ContainsCode = 0x20
	ContainsData = 0x40
	Readable     = 0x4000_0000
)

// ErrTooLarge says that a file with the section more would be larger than its headers can
// say.
var ErrTooLarge = errors.New("it would be larger than 4 GiB, which an EFI binary can't be")

// Extended is the beginning of a file that gets sections more: all of a smaller one up to
// the end of its sections, with the headers of those that are added.
type Extended struct {
	Bytes []byte // as long as a multiple of FileAlignment; what is added follows

	file     *File
	sections int
	end      int64 // address of the first byte after the image in memory
}

// Added is what the header of a section that is added says. Its data follow everything
// before them, in the file and in memory.
type Added struct {
	Name            string
	Offset          int64 // in the file
	Size            int64 // in the file, a multiple of FileAlignment
	Memory          int64 // without what fills up to the alignment
	Characteristics uint32
}

// Extend is a file, of which b is all and f are the headers, to which sections can be
// added. What follows its last section is never loaded and is cut off: symbols, which
// systemd's stub 252 for x64 has, would be a gap in the table of sections, and signatures
// would be wrong. An image may end between two multiples of SectionAlignment, and that of
// the same stub does.
func (f *File) Extend(b []byte) *Extended {
	e := &Extended{Bytes: make([]byte, RoundUp(f.SectionsEnd(), int64(f.FileAlignment))), file: f, sections: len(f.Sections)}
	copy(e.Bytes, b[:f.SectionsEnd()])
	clear(e.Bytes[f.SymbolsAt():][:8])
	clear(e.Bytes[f.CheckSumAt():][:4])
	if at, ok := f.CertificateEntryAt(); ok {
		clear(e.Bytes[at:][:8])
	}
	e.end = RoundUp(int64(f.SizeOfImage), int64(f.SectionAlignment))
	return e
}

// Add adds the header of a section, for which there must be Room.
func (e *Extended) Add(s Added) error {
	address := e.end
	e.end = RoundUp(address+s.Memory, int64(e.file.SectionAlignment))
	if s.Offset+s.Size > math.MaxUint32 || e.end > math.MaxUint32 {
		return ErrTooLarge
	}
	row := e.Bytes[e.file.SectionHeaderAt(e.sections):][:sectionHeader]
	clear(row)
	copy(row[:8], s.Name)
	binary.LittleEndian.PutUint32(row[8:], uint32(s.Memory))
	binary.LittleEndian.PutUint32(row[12:], uint32(address))
	binary.LittleEndian.PutUint32(row[16:], uint32(s.Size))
	binary.LittleEndian.PutUint32(row[20:], uint32(s.Offset))
	binary.LittleEndian.PutUint32(row[36:], s.Characteristics)

	e.sections++
	binary.LittleEndian.PutUint16(e.Bytes[e.file.SectionCountAt():], uint16(e.sections))
	binary.LittleEndian.PutUint32(e.Bytes[e.file.SizeOfImageAt():], uint32(e.end))
	total := e.file.SizeOfInitializedDataAt()
	if s.Characteristics&ContainsCode != 0 {
		total = e.file.SizeOfCodeAt()
	}
	sum := binary.LittleEndian.Uint32(e.Bytes[total:])
	binary.LittleEndian.PutUint32(e.Bytes[total:], sum+uint32(s.Size))
	return nil
}

// Rename gives section i another name, of eight bytes at most.
func (e *Extended) Rename(i int, name string) {
	row := e.Bytes[e.file.SectionHeaderAt(i):][:8]
	clear(row)
	copy(row, name)
}

// RoundUp is the next multiple of n, a power of two.
func RoundUp(size, n int64) int64 { return (size + n - 1) &^ (n - 1) }
