package nbi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic is what a tagged image begins with.
const Magic = "\x36\x13\x03\x1b"

// HeaderLen is how many bytes of the file the header has, with the list of segments.
const HeaderLen = 512

// Real mode's memory: below lie the interrupt vectors and the BIOS' data, above the video
// memory and the BIOS.
const (
	lowest   = 0x500
	lowEnd   = 0xa0000
	highest  = 1 << 20
	farthest = 1 << 32
)

// Image is what a tagged image says of itself.
type Image struct {
	// Size is that of the file, in bytes.
	Size int64
	// Location is where its header goes, as offset (the lower half) and segment.
	Location uint32
	// Execute is where it is entered: the same, or of a program of 32 bits (Linear) an
	// address.
	Execute uint32
	Linear  bool
	// Segments are those of the file, in their order.
	Segments []Segment
}

// Segment is a run of bytes of the file, and where it goes.
type Segment struct {
	// From is where it begins in the file, in bytes.
	From int64
	// To is the address to which it goes; where FromEnd is set counted from the end of
	// memory, and negative.
	To      int64
	FromEnd bool
	// File is how many bytes it has in the file, and Memory in memory, where the rest is
	// zeros.
	File, Memory int64
}

// Read reads the header of a tagged image of that size in bytes, and checks that all of it
// can be where it says. Errors are clauses about "it", the image.
func Read(r io.ReaderAt, size int64) (Image, error) {
	h := make([]byte, HeaderLen)
	if n, err := r.ReadAt(h, 0); n < len(h) {
		if err == nil || errors.Is(err, io.EOF) {
			return Image{}, fmt.Errorf("it has %d bytes, and the header of a tagged image %d", n, len(h))
		}
		return Image{}, err
	}
	if string(h[:len(Magic)]) != Magic {
		return Image{}, errors.New("it is no tagged image")
	}
	flags := binary.LittleEndian.Uint32(h[4:])
	image := Image{
		Size: size, Location: binary.LittleEndian.Uint32(h[8:]),
		Execute: binary.LittleEndian.Uint32(h[12:]), Linear: flags&(1<<31) != 0,
	}
	if err := (Segment{To: linear(image.Location), Memory: HeaderLen}).check(); err != nil {
		return Image{}, fmt.Errorf("its header %w", err)
	}
	if flags&0xf < 4 {
		return Image{}, fmt.Errorf("its header has %d bytes by its own account, and needs 16", flags&0xf*4)
	}
	return image, image.readSegments(h, length(h[4]))
}

// linear is the address that a segment and an offset are.
func linear(place uint32) int64 { return int64(place>>16)<<4 + int64(place&0xffff) }

// length is how many bytes a header has by the byte that tells: its own, and a vendor's.
func length(coded byte) int { return int(coded&0xf+coded>>4) * 4 }

// readSegments reads the list of segments, which begins at a place of the header.
func (i *Image) readSegments(h []byte, at int) error {
	before := Segment{To: linear(i.Location), Memory: HeaderLen}
	for from := int64(HeaderLen); ; {
		if at+16 > len(h) {
			return fmt.Errorf("its list of segments doesn't end within its header of %d bytes", len(h))
		}
		s, err := readSegment(h[at:], before)
		s.From = from
		if err == nil && from+s.File > i.Size {
			err = fmt.Errorf("ends at byte %d of the file, which has %d", from+s.File, i.Size)
		}
		if err != nil {
			return fmt.Errorf("its segment %d %w", len(i.Segments)+1, err)
		}
		i.Segments = append(i.Segments, s)
		if h[at+3]&4 != 0 {
			return nil
		}
		before, from, at = s, from+s.File, at+length(h[at])
	}
}

// readSegment reads one line of the list. before is the segment before it.
func readSegment(h []byte, before Segment) (Segment, error) {
	if h[0]&0xf < 4 {
		return Segment{}, fmt.Errorf("has a header of %d bytes by its own account, and needs 16", h[0]&0xf*4)
	}
	address := int64(binary.LittleEndian.Uint32(h[4:]))
	s := Segment{
		To: address, File: int64(binary.LittleEndian.Uint32(h[8:])), Memory: int64(binary.LittleEndian.Uint32(h[12:])),
	}
	switch h[3] & 3 {
	case 1:
		s.To, s.FromEnd = before.To+before.Memory+address, before.FromEnd
	case 2:
		s.To, s.FromEnd = -address, true
	case 3:
		s.To, s.FromEnd = before.To-address, before.FromEnd
	}
	return s, s.check()
}

// check tells whether a segment can be where it is to go.
func (s Segment) check() error {
	end := s.To + s.Memory
	switch {
	case s.File > s.Memory:
		return fmt.Errorf("has %d bytes in the file, and %d in memory", s.File, s.Memory)
	case s.FromEnd && end > 0:
		return fmt.Errorf("goes %d bytes beyond the end of memory", end)
	case s.FromEnd && s.To < -farthest, !s.FromEnd && end > farthest:
		return errors.New("goes to more than 4 GiB of memory")
	case !s.FromEnd && s.To < lowest:
		return fmt.Errorf("goes to %#x, where the BIOS has its data", s.To)
	case !s.FromEnd && s.To < highest && end > lowEnd:
		return fmt.Errorf("goes to %#x-%#x, where from %#x on are video memory and the BIOS", s.To, end-1, lowEnd)
	}
	return nil
}

// Bytes is how much memory a machine must have for the image, in bytes. Errors say, as
// those of Read, why it can't be started on any.
func (i Image) Bytes() (int64, error) {
	p, err := i.plan()
	return p.need, err
}
