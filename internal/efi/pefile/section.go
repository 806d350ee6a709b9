package pefile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Section is one row of the section table (PE/COFF section 4).
type Section struct {
	Name            string
	VirtualSize     uint32 // bytes in memory, the rest being zeros
	VirtualAddress  uint32
	RawSize         uint32 // bytes in the file, SizeOfRawData
	RawOffset       uint32 // PointerToRawData
	Characteristics uint32
}

// Raw is where the section lies in the file.
func (s Section) Raw() Span { return Span{int64(s.RawOffset), int64(s.RawSize)} }

// Open reads the contents of a section of file r: its bytes in the file without
// those that only fill up to the alignment.
func (s Section) Open(r io.ReaderAt) *io.SectionReader {
	size := int64(s.RawSize)
	// Some linkers leave the virtual size at 0.
	if s.VirtualSize > 0 {
		size = min(size, int64(s.VirtualSize))
	}
	return io.NewSectionReader(r, int64(s.RawOffset), size)
}

// Section is the first section of that name.
func (f *File) Section(name string) (Section, bool) {
	for _, s := range f.Sections {
		if s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}

// Contents reads a section of file r as a whole, if it has at most that many
// bytes. It is nil where there is no such section.
func (f *File) Contents(r io.ReaderAt, name string, most int64) ([]byte, error) {
	s, ok := f.Section(name)
	if !ok {
		return nil, nil
	}
	data := s.Open(r)
	if data.Size() > most {
		return nil, fmt.Errorf("its section %s has %d bytes; at most %d are read", name, data.Size(), most)
	}
	b := make([]byte, data.Size())
	if n, err := data.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("its section %s can't be read: %w", name, err)
	}
	return b, nil
}

func (f *File) readSections(r io.ReaderAt) error {
	b, err := f.part(r, f.sectionTable(), int64(len(f.Sections))*sectionHeader, "its section table")
	if err != nil {
		return err
	}
	for i := range f.Sections {
		row := b[i*sectionHeader:]
		word := func(at int) uint32 { return binary.LittleEndian.Uint32(row[at:]) }
		name, _, _ := bytes.Cut(row[:8], []byte{0})
		f.Sections[i] = Section{
			Name: string(name), VirtualSize: word(8), VirtualAddress: word(12),
			RawSize: word(16), RawOffset: word(20), Characteristics: word(36),
		}
	}
	return nil
}

// longNameMost bounds the length of a name that lies in the string table.
const longNameMost = 64

// readLongNames looks up the names of more than eight characters: "/4" is the one
// at byte 4 of the string table (PE/COFF section 4). Images shouldn't have any;
// shim's .sbatlevel is one. A name that can't be found stays as it is.
func (f *File) readLongNames(r io.ReaderAt) error {
	for i := range f.Sections {
		digits, long := strings.CutPrefix(f.Sections[i].Name, "/")
		at, err := strconv.ParseUint(digits, 10, 32)
		if !long || err != nil || f.strings == 0 {
			continue
		}
		start := f.strings + int64(at)
		if start >= f.Size {
			continue
		}
		b, err := f.part(r, start, min(longNameMost, f.Size-start), "its string table")
		if err != nil {
			return err
		}
		if name, _, ended := bytes.Cut(b, []byte{0}); ended && len(name) > 0 {
			f.Sections[i].Name = string(name)
		}
	}
	return nil
}
