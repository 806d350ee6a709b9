package grubimage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// What an EFI image of GRUB has its modules in (GRUB, include/grub/kernel.h): a section by
// whose name it finds them when it runs (grub_efi_modules_addr in
// grub-core/kern/efi/efi.c), which begins with the magic number, and of an object among
// them what it is.
const (
	modsSection  = "mods"
	modsMagic    = "mimg"
	objMemdisk   = 1
	objectHeader = 8
)

// oldMods is what the section is called in whose place another one comes.
const oldMods = ".oldmods"

// sector is what GRUB counts a disk in, in bytes.
const sector = 512

// Memdisk is an EFI image of GRUB with a disk in it: the parts of Before, the disk's bytes
// and After zeros.
type Memdisk struct {
	Before []Part
	After  int64
}

// Part is some bytes: those in memory or, where there are none, Size of the image's from
// an offset on.
type Part struct {
	Bytes      []byte
	From, Size int64
}

// WithMemdisk puts a disk of that size into an image, as grub-mkimage --memdisk does: what
// is there of it stays where it is, and a section is added that has the modules once more,
// and behind them the disk. The errors are clauses about "it", the image.
func WithMemdisk(image []byte, size int64) (Memdisk, error) {
	f, err := pefile.Read(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		return Memdisk{}, err
	}
	at := slices.IndexFunc(f.Sections, func(s pefile.Section) bool { return s.Name == modsSection })
	switch {
	case at < 0:
		return Memdisk{}, errors.New("it has no section of GRUB's modules")
	case f.Room() == 0:
		return Memdisk{}, errors.New("it has no room for the header of another section")
	case size < 0 || size > math.MaxInt32:
		return Memdisk{}, fmt.Errorf("a disk of %d bytes is larger than it can have", size)
	}
	old, _ := f.Contents(bytes.NewReader(image), modsSection, int64(len(image)))
	disk := pefile.RoundUp(size, sector)
	header, modules, err := withObject(old, f.Wide, objectHeader+disk)
	if err != nil {
		return Memdisk{}, err
	}
	object := binary.LittleEndian.AppendUint32(nil, objMemdisk)
	object = binary.LittleEndian.AppendUint32(object, uint32(objectHeader+disk))
	e := f.Extend(image)
	e.Rename(at, oldMods)
	memory := int64(len(header)) + modules + objectHeader + disk
	raw := pefile.RoundUp(memory, int64(f.FileAlignment))
	err = e.Add(pefile.Added{
		Name: modsSection, Offset: int64(len(e.Bytes)), Size: raw, Memory: memory, Characteristics: f.Sections[at].Characteristics,
	})
	headers, end := int64(f.SizeOfHeaders), f.SectionsEnd()
	return Memdisk{Before: []Part{
		{Bytes: bytes.Clone(e.Bytes[:headers])},
		{From: headers, Size: end - headers},
		{Bytes: bytes.Clone(e.Bytes[end:])},
		{Bytes: header},
		{From: int64(f.Sections[at].RawOffset) + int64(len(header)), Size: modules},
		{Bytes: object},
	}, After: raw - memory + disk - size}, err
}

// withObject is the header of a section of modules that has an object of that size more,
// and how much follows the header before that. The header has three words, on 64-bit
// processors of eight bytes: the magic number, where the modules begin, and the size of it
// all.
func withObject(old []byte, wide bool, object int64) (header []byte, modules int64, err error) {
	word := 4
	if wide {
		word = 8
	}
	get := func(b []byte) uint64 {
		if wide {
			return binary.LittleEndian.Uint64(b)
		}
		return uint64(binary.LittleEndian.Uint32(b))
	}
	if len(old) < 3*word || !bytes.HasPrefix(old, []byte(modsMagic)) {
		return nil, 0, errors.New("its section of modules begins with none")
	}
	size := get(old[2*word:])
	if size < uint64(3*word) || size > uint64(len(old)) {
		return nil, 0, fmt.Errorf("its modules are damaged: they have %d bytes, their section %d", size, len(old))
	}
	header = bytes.Clone(old[:3*word])
	if all := size + uint64(object); wide {
		binary.LittleEndian.PutUint64(header[2*word:], all)
	} else {
		binary.LittleEndian.PutUint32(header[2*word:], uint32(all))
	}
	return header, int64(size) - int64(len(header)), nil
}
