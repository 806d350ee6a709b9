package uki

import (
	"fmt"
	"math"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// initrdAlign is where in an initrd another archive may begin; the kernel skips
// the zeros before it (Linux init/initramfs.c, unpack_to_rootfs).
const initrdAlign = 4

// Layout is the image of this stub with these parts, in this order. The kernel,
// .linux, goes last: old ones use the memory behind them.
func (s *Stub) Layout(parts ...Part) (*Image, error) {
	if err := s.check(parts); err != nil {
		return nil, err
	}
	head := s.file.Extend(s.bytes)
	im := &Image{}
	im.add(Piece{Bytes: head.Bytes, Size: int64(len(head.Bytes))})
	for i, p := range parts {
		start := im.Size
		size := im.addContents(i, p.Contents)
		im.align(int64(s.file.FileAlignment))
		err := head.Add(pefile.Added{
			Name: p.Section, Offset: start, Size: im.Size - start, Memory: max(size, p.Memory), Characteristics: p.characteristics(),
		})
		if err != nil {
			return nil, tooLarge(p.Section)
		}
	}
	return im, nil
}

// check tells whether parts can be sections of this stub.
func (s *Stub) check(parts []Part) error {
	if room := s.file.Room(); len(parts) > room {
		return fmt.Errorf("the stub has room for %d more sections in its headers, and %d are wanted", room, len(parts))
	}
	for i, p := range parts {
		size, err := p.size()
		_, stubs := s.file.Section(p.Section)
		switch {
		case err != nil:
			return err
		case len(p.Section) < 2 || len(p.Section) > 8 || p.Section[0] != '.':
			return fmt.Errorf("%q can't be the name of a section: a point and one to seven characters are", p.Section)
		case stubs || named(parts[:i], p.Section):
			return fmt.Errorf("the image would have two sections %s", p.Section)
		case size == 0:
			return fmt.Errorf("section %s would be empty: leave it out", p.Section)
		case len(p.Contents) > 1 && p.Section != ".initrd":
			return fmt.Errorf("section %s has %d contents; only .initrd can have several", p.Section, len(p.Contents))
		case p.Section == ".linux" && i < len(parts)-1:
			return fmt.Errorf("section %s would follow .linux, which must be the last", parts[i+1].Section)
		}
	}
	return nil
}

func named(parts []Part, section string) bool {
	for _, p := range parts {
		if p.Section == section {
			return true
		}
	}
	return false
}

// size is the number of bytes of all contents, without what lies between them.
func (p Part) size() (int64, error) {
	var sum int64
	for _, c := range p.Contents {
		switch {
		case c.Size < 0 || c.Bytes != nil && int64(len(c.Bytes)) != c.Size:
			return 0, fmt.Errorf("section %s has a content of %d bytes that says it has %d", p.Section, len(c.Bytes), c.Size)
		case c.Size > math.MaxUint32-sum:
			return 0, tooLarge(p.Section)
		}
		sum += c.Size
	}
	if p.Memory < 0 || p.Memory > math.MaxUint32 {
		return 0, tooLarge(p.Section)
	}
	return sum, nil
}

// characteristics are the section's flags. Kernels that are entered by the handover
// protocol run where they lie.
func (p Part) characteristics() uint32 {
	if p.Section == ".linux" {
		return pefile.ContainsCode | pefile.Readable
	}
	return pefile.ContainsData | pefile.Readable
}

func tooLarge(section string) error {
	return fmt.Errorf("with section %s the image would be larger than 4 GiB, which an EFI binary can't be", section)
}

// addContents appends the contents of part i and returns their size with the
// zeros between them.
func (im *Image) addContents(i int, contents []Content) int64 {
	start := im.Size
	for j, c := range contents {
		im.add(Piece{Kind: Zeros, Size: pefile.RoundUp(im.Size-start, initrdAlign) - (im.Size - start)})
		if c.Bytes != nil {
			im.add(Piece{Bytes: c.Bytes, Size: c.Size})
			continue
		}
		im.add(Piece{Kind: External, Size: c.Size, Part: i, Content: j})
	}
	return im.Size - start
}
