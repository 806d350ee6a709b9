package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/partition"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fat"
)

// Disk is what a disk turned out to be.
type Disk struct {
	// Disk has all but the image's name.
	boot.Disk
	// Damage says that a part of it isn't there, or "": what is left of it boots only where
	// that is meant.
	Damage string
	// Description says for people what it is, and on what it boots.
	Description string
}

// partitionsMost bounds how many partitions are looked into.
const partitionsMost = 32

// LookDisk says what is on a disk of that size, and what boots from it. What nothing
// boots from is no error: BIOS and EFI say so. What is no disk at all is a *Mismatch.
func LookDisk(r io.ReaderAt, size int64) (Disk, error) {
	if size == 0 {
		return Disk{}, &Mismatch{Looks: emptyFile, Hint: "download or copy it again", Wanted: "the image of a disk"}
	}
	l := diskLook{r: r, size: size}
	l.found.Bytes = size
	if err := l.look(); err != nil {
		return Disk{}, err
	}
	l.found.Description = l.describe()
	return l.found, nil
}

type diskLook struct {
	r          io.ReaderAt
	size       int64
	found      Disk
	partitions int
	data       bool // a file system without anything to boot
}

func (l *diskLook) look() error {
	first := make([]byte, min(512, l.size))
	if n, err := l.r.ReadAt(first, 0); n < len(first) {
		return err
	}
	if l.takeISO() {
		return nil
	}
	signed := len(first) == 512 && first[510] == 0x55 && first[511] == 0xAA
	switch system, err := fat.Open(l.r, l.size); {
	case err == nil:
		l.takeFAT(system, signed)
		return nil
	case !errors.Is(err, fat.ErrNone) && !errors.Is(err, fat.ErrDamaged):
		return err
	}
	switch table, err := l.table(); {
	case err == nil && len(table.Partitions) > 0:
		l.takePartitions(table, first)
		return nil
	case errors.Is(err, partition.ErrDamaged):
		l.found.Damage = "its table of partitions can't be believed: " + err.Error()
	case err != nil && !errors.Is(err, partition.ErrNoTable):
		return err
	}
	l.found.Layout, l.found.BIOS = boot.LayoutNone, signed && bootCode(first[:440])
	l.takeFloppy(nil)
	if l.found.Layout == boot.LayoutNone && !signed {
		return l.noDisk()
	}
	return nil
}

// noDisk is an error about what is known, and is no disk: a disk in two wrappings, for
// example, of which one was taken off.
func (l *diskLook) noDisk() error {
	h, err := readHead(l.r, l.size)
	if err != nil {
		return err
	}
	inside, hint := "", "unpack it until the image of a disk is left, or an ISO image, and name that"
	if known, ok := looksLike(h); ok && !known.disk {
		inside = known.looks
		if strings.HasPrefix(known.hint, "convert it") {
			hint = known.hint
		}
	} else if name := h.wrapping(); name != "" {
		inside = "a " + name + " file"
	}
	if inside == "" {
		return nil
	}
	return &Mismatch{Looks: inside, Hint: hint, Wanted: "the image of a disk"}
}

func (l *diskLook) table() (partition.Table, error) {
	disk, err := raw.Open(context.Background(), block.FileOfReader(l.r, l.size), raw.Options{ReadOnly: true})
	if err != nil {
		return partition.Table{}, err
	}
	return partition.Read(context.Background(), disk)
}

// takeFAT takes a file system that has no partitions around it.
func (l *diskLook) takeFAT(system *fat.FileSystem, signed bool) {
	l.found.Layout = boot.LayoutFAT
	if system.Bytes > l.size {
		l.found.Damage = fmt.Sprintf("the image is cut off: its file system has %d bytes, and %d are there", system.Bytes, l.size)
	}
	l.found.BIOS = signed && bootCode(system.BootCode)
	l.takePrograms(system)
	l.takeGRUB(system, "")
	l.data = !l.found.BIOS && len(l.found.EFI) == 0 && l.found.GRUB.Path == ""
	l.takeFloppy(system)
}

// takePartitions takes what partitions have. Firmware looks into any of FAT, whatever its
// type (UEFI 2.10 section 13.3.1.1).
func (l *diskLook) takePartitions(table partition.Table, first []byte) {
	l.found.Layout = boot.LayoutMBR
	if table.Scheme == partition.GPT {
		l.found.Layout = boot.LayoutGPT
	}
	l.found.BIOS, l.partitions = bootCode(first[:440]), len(table.Partitions)
	for _, p := range table.Partitions[:min(len(table.Partitions), partitionsMost)] {
		if system, ok := l.lookInto(p.Offset, p.Size); ok {
			l.takeGRUB(system, grubPartition(table.Scheme, p))
		}
	}
}

// lookInto looks for programs in a part of the disk that has a file system of FAT. What
// can't be read of it has none.
func (l *diskLook) lookInto(at, size int64) (*fat.FileSystem, bool) {
	part := io.NewSectionReader(l.r, at, size)
	system, err := fat.Open(part, size)
	if err != nil {
		return nil, false
	}
	l.takePrograms(system)
	return system, true
}

// takePrograms takes the programs for removable media of a file system.
func (l *diskLook) takePrograms(system *fat.FileSystem) {
	all, err := system.ReadFolder("EFI/BOOT")
	if err != nil {
		return // a folder that can't be read is none to firmware either
	}
	for _, e := range all {
		arch, ok := mediaPrograms()[strings.ToUpper(e.Name)]
		if !ok || e.Folder || slices.ContainsFunc(l.found.EFI, func(p boot.DiskProgram) bool { return p.Arch == arch }) {
			continue
		}
		content, err := system.ReadBeginning(e, headSize)
		if h := head(content); err == nil && h.has(0, "MZ") {
			l.found.EFI = append(l.found.EFI, boot.DiskProgram{Arch: arch, Signed: h.peSigned()})
		}
	}
}

// mediaPrograms are the programs that firmware starts from removable media (UEFI 2.10
// table 3.2).
func mediaPrograms() map[string]boot.Arch {
	return map[string]boot.Arch{
		"BOOTIA32.EFI": boot.X86, "BOOTX64.EFI": boot.X64, "BOOTARM.EFI": boot.ARM, "BOOTAA64.EFI": boot.ARM64,
		"BOOTRISCV32.EFI": boot.RISCV32, "BOOTRISCV64.EFI": boot.RISCV64, "BOOTLOONGARCH64.EFI": boot.LOONG64,
	}
}

// stubs are in boot sectors whose code boots nothing of the disk itself: what mkfs.fat
// writes says so (dosfstools, src/mkfs.fat.c), and so does that of BSD's newfs_msdos; what
// mtools writes loads the first sector of the hard disk (mformat.c).
func stubs() []string {
	return []string{
		"This is not a bootable disk", "Non-system disk\r\nPress any key to reboot",
		"\xb8\x01\x02\xbb\x00\x7c\xba\x80\x00\xb9\x01\x00\xcd\x13\x72\x05\xea\x00\x7c\x00\x00\xcd\x19",
	}
}

// bootCode tells whether the code of a boot sector boots anything.
func bootCode(code []byte) bool {
	return slices.ContainsFunc(code, func(b byte) bool { return b != 0 }) &&
		!slices.ContainsFunc(stubs(), func(stub string) bool { return bytes.Contains(code, []byte(stub)) })
}

// floppies are the formats of floppy disks by their size in KiB.
func floppies() map[int64]boot.Geometry {
	return map[int64]boot.Geometry{
		160: {Cylinders: 40, Heads: 1, Sectors: 8}, 180: {Cylinders: 40, Heads: 1, Sectors: 9},
		320: {Cylinders: 40, Heads: 2, Sectors: 8}, 360: {Cylinders: 40, Heads: 2, Sectors: 9},
		640: {Cylinders: 80, Heads: 2, Sectors: 8}, 720: {Cylinders: 80, Heads: 2, Sectors: 9},
		1200: {Cylinders: 80, Heads: 2, Sectors: 15}, 1440: {Cylinders: 80, Heads: 2, Sectors: 18},
		1600: {Cylinders: 80, Heads: 2, Sectors: 20}, 1680: {Cylinders: 80, Heads: 2, Sectors: 21},
		1722: {Cylinders: 82, Heads: 2, Sectors: 21}, 1743: {Cylinders: 83, Heads: 2, Sectors: 21},
		1760: {Cylinders: 80, Heads: 2, Sectors: 22}, 1840: {Cylinders: 80, Heads: 2, Sectors: 23},
		1920: {Cylinders: 80, Heads: 2, Sectors: 24}, 2880: {Cylinders: 80, Heads: 2, Sectors: 36},
		3840: {Cylinders: 80, Heads: 2, Sectors: 48},
	}
}

// floppyMost is the size of the largest floppy disk, in bytes.
const floppyMost = 3840 << 10

// takeFloppy takes a disk for a floppy: one of a usual size, or a file system that says
// that its disk has one or two heads.
func (l *diskLook) takeFloppy(system *fat.FileSystem) {
	if l.size > floppyMost {
		return
	}
	geometry, ok := floppies()[(l.size+1023)/1024]
	if system != nil && system.Heads > 0 && system.Heads <= 2 && system.SectorsPerTrack > 0 && system.SectorsPerTrack <= 63 {
		track := int64(system.Heads) * int64(system.SectorsPerTrack) * 512
		geometry, ok = boot.Geometry{Cylinders: int((l.size + track - 1) / track), Heads: system.Heads, Sectors: system.SectorsPerTrack}, true
	}
	if ok {
		l.found.Layout, l.found.Geometry = boot.LayoutFloppy, geometry
	}
}

func (l *diskLook) describe() string {
	what := map[boot.Layout]string{
		boot.LayoutMBR: "disk with an MBR", boot.LayoutGPT: "disk with a GPT", boot.LayoutFAT: "FAT file system",
		boot.LayoutISO: "ISO 9660 image", boot.LayoutFloppy: "floppy disk", boot.LayoutNone: "disk without partitions",
	}[l.found.Layout]
	if l.partitions > 0 {
		what += fmt.Sprintf(" and %d partition%s", l.partitions, map[bool]string{true: "", false: "s"}[l.partitions == 1])
	}
	var on []string
	if l.found.BIOS {
		on = append(on, "a BIOS")
	}
	for _, p := range l.found.EFI {
		on = append(on, boot.Client{Firmware: boot.UEFI, Arch: p.Arch}.Platform())
	}
	switch {
	case l.found.GRUB.Path != "" && len(on) == 0:
		return what + ", for a GRUB that has it in its memory"
	case l.found.GRUB.Path != "":
		on = append(on, "a GRUB that has it in its memory")
	case len(on) == 0:
		return what + map[bool]string{true: " with data alone"}[l.data] + ", from which nothing boots"
	}
	return what + ", for " + strings.Join(on, ", ")
}
