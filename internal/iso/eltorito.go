package iso

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Platform says for which firmware a boot image is (El Torito section 2.1, UEFI
// section 13.3.2.1).
type Platform byte

// The platforms that a catalog can name.
const (
	BIOS    Platform = 0
	PowerPC Platform = 1
	Mac     Platform = 2
	EFI     Platform = 0xef
)

// String names the platform.
func (p Platform) String() string {
	switch p {
	case BIOS:
		return "BIOS"
	case PowerPC:
		return "PowerPC"
	case Mac:
		return "Mac"
	case EFI:
		return "EFI"
	}
	return fmt.Sprintf("platform %#x", byte(p))
}

// Emulation says as what a BIOS shows a boot image to the program in it.
type Emulation byte

// The media that a BIOS emulates; NoEmulation has the image loaded and jumped to.
const (
	NoEmulation Emulation = iota
	Floppy1200
	Floppy1440
	Floppy2880
	HardDisk
)

// String names the medium.
func (e Emulation) String() string {
	names := []string{"no emulation", "a floppy of 1.2 MB", "a floppy of 1.44 MB", "a floppy of 2.88 MB", "a hard disk"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("emulation %d", byte(e))
}

// BootImage is one of the boot images of a disc.
type BootImage struct {
	Platform  Platform
	Emulation Emulation
	Bootable  bool
	// Offset is where in the image of the disc it begins, Size how long it is.
	Offset, Size int64
	// Loaded is how much of it a BIOS loads, in bytes, and Segment where to; 0 is the
	// segment 0x7c0.
	Loaded  int64
	Segment uint16
}

// Bounds of a boot catalog.
const (
	catalogSize = 32 << 10
	mostImages  = 64
	entrySize   = 32
)

// Indicators at the start of a catalog's entries (El Torito section 2).
const (
	validationEntry = 1
	bootableEntry   = 0x88
	sectionFollowed = 0x90
	sectionLast     = 0x91
	extensionEntry  = 0x44
)

// Boot lists the boot images that El Torito's catalog has, the default one first. What
// lies outside of the image is left out.
func (i *Image) Boot() []BootImage { return slices.Clone(i.boot) }

// bootImages reads the catalog to which a boot record leads. A catalog that isn't one
// has none: an image can be read all the same. end is where the last one ends whose own
// file system says how long it is.
func bootImages(m medium, record []byte) (all []BootImage, end int64, err error) {
	if record == nil {
		return nil, 0, nil
	}
	at := int64(binary.LittleEndian.Uint32(record[71:])) * sectorSize
	if m.within(at, 2*entrySize) != nil {
		return nil, 0, nil //nolint:nilerr // there is no catalog
	}
	b, err := m.read(at, min(catalogSize, m.size-at))
	if err != nil || !validCatalog(b) {
		return nil, 0, err
	}
	for _, image := range entriesOf(b) {
		size, ok, err := image.measure(m)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			all, end = append(all, image), max(end, image.Offset+size)
		}
	}
	return all, end, nil
}

// validCatalog checks a validation entry: its words add up to nothing.
func validCatalog(b []byte) bool {
	sum := uint16(0)
	for i := 0; i < entrySize; i += 2 {
		sum += binary.LittleEndian.Uint16(b[i:])
	}
	return b[0] == validationEntry && b[30] == 0x55 && b[31] == 0xaa && sum == 0
}

// entriesOf are the default entry and those of the sections that follow.
func entriesOf(b []byte) []BootImage {
	all := []BootImage{readEntry(b[entrySize:], Platform(b[1]))}
	for b = b[2*entrySize:]; len(b) >= entrySize && len(all) < mostImages; {
		header := b[:entrySize]
		if header[0] != sectionFollowed && header[0] != sectionLast {
			break
		}
		b = b[entrySize:]
		for n := binary.LittleEndian.Uint16(header[2:]); n > 0 && len(b) >= entrySize && len(all) < mostImages; n-- {
			all = append(all, readEntry(b, Platform(header[1])))
			for b = b[entrySize:]; len(b) >= entrySize && b[0] == extensionEntry; {
				b = b[entrySize:]
			}
		}
		if header[0] == sectionLast {
			break
		}
	}
	return all
}

func readEntry(b []byte, p Platform) BootImage {
	return BootImage{
		Platform: p, Bootable: b[0] == bootableEntry, Emulation: Emulation(b[1] & 0xf),
		Segment: binary.LittleEndian.Uint16(b[2:]),
		Loaded:  int64(binary.LittleEndian.Uint16(b[6:])) * diskSector,
		Offset:  int64(binary.LittleEndian.Uint32(b[8:])) * sectorSize,
	}
}

// diskSector is the size of a sector that a BIOS counts in.
const diskSector = 512

// measure finds out how large a boot image is, as far as the disc's image has it. The catalog
// says only how much of it is loaded. fat is how long its file system is, 0 where it has none
// or is a floppy; ok is false where it is outside of the disc.
func (b *BootImage) measure(m medium) (fat int64, ok bool, err error) {
	if b.Offset == 0 || m.within(b.Offset, diskSector) != nil {
		return 0, false, nil //nolint:nilerr // that is what is asked
	}
	switch b.Emulation {
	case Floppy1200:
		b.Size = 80 * 2 * 15 * diskSector
	case Floppy1440:
		b.Size = 80 * 2 * 18 * diskSector
	case Floppy2880:
		b.Size = 80 * 2 * 36 * diskSector
	default:
		head, err := m.read(b.Offset, diskSector)
		if err != nil {
			return 0, false, err
		}
		if head[510] == 0x55 && head[511] == 0xaa {
			fat = fatSize(head)
		}
		// Makers of discs write 0 or 1 for an EFI system partition, or what fits into
		// the field.
		b.Size = max(b.Loaded, sizeByHeader(head), diskSector)
	}
	b.Size = min(b.Size, m.size-b.Offset)
	return fat, true, nil
}

// sizeByHeader is how long a file system or a disk is by its first sector; 0 where that
// doesn't say.
func sizeByHeader(b []byte) int64 {
	if b[510] != 0x55 || b[511] != 0xaa {
		return 0
	}
	if size := fatSize(b); size > 0 {
		return size
	}
	end := int64(0)
	for _, p := range partitionsOf(b) {
		end = max(end, (p.first+p.count)*diskSector)
	}
	return end
}

// fatSize reads a FAT's BIOS parameter block (Microsoft's FAT specification, section
// 3.1); 0 for what has none.
func fatSize(b []byte) int64 {
	sector := int64(binary.LittleEndian.Uint16(b[11:]))
	perCluster, fats, media := b[13], b[16], b[21]
	if b[0] != 0xeb && b[0] != 0xe9 || sector < 512 || sector > 4096 || sector&(sector-1) != 0 ||
		perCluster == 0 || perCluster&(perCluster-1) != 0 || fats == 0 || fats > 2 || media < 0xf0 {
		return 0
	}
	if count := int64(binary.LittleEndian.Uint16(b[19:])); count > 0 {
		return count * sector
	}
	return int64(binary.LittleEndian.Uint32(b[32:])) * sector
}
