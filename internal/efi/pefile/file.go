package pefile

import (
	"fmt"
	"io"
)

// File is what the headers of a PE file say. Sizes and offsets are in bytes;
// offsets are in the file, addresses in memory from the image's base on.
type File struct {
	Machine   Machine
	Subsystem Subsystem
	Wide      bool // PE32+, for 64-bit processors; false: PE32

	Entry                 uint32 // address of the first instruction
	SectionAlignment      uint32 // of sections' addresses, a power of two
	FileAlignment         uint32 // of sections' offsets, a power of two
	SizeOfInitializedData uint32
	SizeOfImage           uint32 // in memory
	SizeOfHeaders         uint32 // all headers, rounded up to FileAlignment
	Directories           uint32 // the number of data directories, NumberOfRvaAndSizes

	Sections     []Section
	Certificates Span // the certificate table; Size is 0 where there is none
	Size         int64

	header   int64 // offset of the signature "PE\0\0"
	optional int64 // length of the optional header
	strings  int64 // offset of the string table; 0 where there is none
}

// Span is a part of a file.
type Span struct {
	Offset, Size int64
}

// End is the offset of the first byte after it.
func (s Span) End() int64 { return s.Offset + s.Size }

// Sizes and places in the headers (PE/COFF sections 3.3 and 3.4).
const (
	dosHeader       = 64
	newHeaderAt     = 0x3c // in the DOS header: offset of the signature "PE\0\0"
	coffHeader      = 4 + 20
	sectionHeader   = 40
	sizeOfCodeAt    = 4 // in the optional header, as those that follow
	sizeOfDataAt    = 8
	sizeOfImageAt   = 56
	checkSumAt      = 64
	directory       = 8
	certificatesRow = 4 // the certificate table among the data directories
)

// sectionsMost bounds the number of sections. Kernels and loaders have about
// ten, unified kernel images with many profiles some dozens.
const sectionsMost = 1024

// Read reads the headers of a PE file of that size. The errors are clauses about
// "it", the file, fit to follow its name and a colon.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f := &File{Size: size}
	for _, step := range []func(io.ReaderAt) error{
		f.readDOS, f.readCOFF, f.readOptional, f.readSections, f.readLongNames,
	} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	return f, f.check()
}

// part reads n bytes of the file from at on; what names them.
func (f *File) part(r io.ReaderAt, at, n int64, what string) ([]byte, error) {
	if at < 0 || at > f.Size || n > f.Size-at {
		return nil, fmt.Errorf("it is cut off or damaged: %s would end at byte %d, the file has %d", what, at+n, f.Size)
	}
	b := make([]byte, n)
	if read, err := r.ReadAt(b, at); read < len(b) {
		return nil, fmt.Errorf("%s can't be read: %w", what, err)
	}
	return b, nil
}
