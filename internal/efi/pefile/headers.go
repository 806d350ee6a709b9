package pefile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// readDOS finds the PE header by the DOS header.
func (f *File) readDOS(r io.ReaderAt) error {
	if f.Size < dosHeader {
		return fmt.Errorf("it is no EFI binary: it has %d bytes only", f.Size)
	}
	b, err := f.part(r, 0, dosHeader, "its DOS header")
	if err != nil {
		return err
	}
	if string(b[:2]) != "MZ" {
		return fmt.Errorf("it is no EFI binary: it begins with %q, not with \"MZ\"", b[:2])
	}
	f.header = int64(binary.LittleEndian.Uint32(b[newHeaderAt:]))
	return nil
}

// readCOFF reads the signature and the COFF header (PE/COFF sections 3.2 and 3.3).
func (f *File) readCOFF(r io.ReaderAt) error {
	b, err := f.part(r, f.header, coffHeader, "its PE header")
	if err != nil {
		return err
	}
	if string(b[:4]) != "PE\x00\x00" {
		return fmt.Errorf("it is no EFI binary: at byte %d, where its PE header should be, is %q", f.header, b[:4])
	}
	f.Machine = Machine(binary.LittleEndian.Uint16(b[4:]))
	sections := int(binary.LittleEndian.Uint16(b[6:]))
	if sections > sectionsMost {
		return fmt.Errorf("it says that it has %d sections; at most %d are read", sections, sectionsMost)
	}
	f.Sections = make([]Section, sections)
	f.optional = int64(binary.LittleEndian.Uint16(b[20:]))
	// The strings follow the symbols, which have 18 bytes each.
	if symbols := int64(binary.LittleEndian.Uint32(b[12:])); symbols != 0 {
		f.strings = symbols + 18*int64(binary.LittleEndian.Uint32(b[16:]))
	}
	return nil
}

// readOptional reads the optional header, which images must have (PE/COFF section
// 3.4).
func (f *File) readOptional(r io.ReaderAt) error {
	least := int64(96)
	if f.optional < least {
		return fmt.Errorf("it is no EFI binary: its optional header has %d bytes, not %d or more", f.optional, least)
	}
	// Nothing is read of what follows the sixteen data directories.
	b, err := f.part(r, f.optionalAt(), min(f.optional, 240), "its optional header")
	if err != nil {
		return err
	}
	switch magic := binary.LittleEndian.Uint16(b); {
	case magic == 0x10b:
	case magic == 0x20b && f.optional >= 112:
		f.Wide = true
	default:
		return fmt.Errorf("it is neither PE32 nor PE32+: the optional header of %d bytes begins with %#x", f.optional, magic)
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	f.SizeOfInitializedData, f.Entry = word(sizeOfDataAt), word(16)
	f.SectionAlignment, f.FileAlignment = word(32), word(36)
	f.SizeOfImage, f.SizeOfHeaders = word(sizeOfImageAt), word(60)
	f.Subsystem = Subsystem(binary.LittleEndian.Uint16(b[68:]))
	f.Directories = word(int(f.directories()) - 4)
	if at, ok := f.CertificateEntryAt(); ok {
		at -= f.optionalAt()
		f.Certificates = Span{int64(word(int(at))), int64(word(int(at) + 4))}
	}
	return nil
}

// check compares what the headers say with each other and with the file.
func (f *File) check() error {
	switch headers := int64(f.SizeOfHeaders); {
	case bits.OnesCount32(f.SectionAlignment) != 1:
		return fmt.Errorf("it is damaged: its section alignment, %#x, is no power of two", f.SectionAlignment)
	case bits.OnesCount32(f.FileAlignment) != 1 || f.FileAlignment > 64<<10: // PE/COFF section 3.4.2
		return fmt.Errorf("it is damaged: its file alignment, %#x, is no power of two up to 64 KiB", f.FileAlignment)
	case headers > f.Size:
		return fmt.Errorf("it is cut off or damaged: its headers have %d bytes, the file %d", headers, f.Size)
	case headers < f.sectionTable()+int64(len(f.Sections))*sectionHeader:
		return fmt.Errorf("it is damaged: its %d section headers don't fit into the %d bytes of its headers", len(f.Sections), headers)
	}
	for _, s := range f.Sections {
		if err := f.checkSection(s); err != nil {
			return err
		}
	}
	if c := f.Certificates; c.Size > 0 && c.End() > f.Size {
		return fmt.Errorf("it is cut off or damaged: its certificate table would end at byte %d, the file has %d", c.End(), f.Size)
	}
	return nil
}

// checkSection compares a section with the file, and with the image, out of which
// no loader lets it reach.
func (f *File) checkSection(s Section) error {
	if s.RawSize == 0 {
		return nil
	}
	if end := s.Raw().End(); end > f.Size {
		return fmt.Errorf("it is cut off or damaged: section %q would end at byte %d, the file has %d", s.Name, end, f.Size)
	}
	if end := int64(s.VirtualAddress) + int64(s.VirtualSize); end > int64(f.SizeOfImage) {
		return fmt.Errorf("it is damaged: section %q would end at address %#x, its image ends at %#x", s.Name, end, f.SizeOfImage)
	}
	return nil
}
