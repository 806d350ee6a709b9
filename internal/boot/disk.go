package boot

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// KindDisk is that of Disk.
const KindDisk Kind = "disk"

// Layout is what a disk begins with.
type Layout string

// The layouts of disks. LayoutNone is that of one that has a boot sector and nothing
// else that is known.
const (
	LayoutMBR    Layout = "mbr"
	LayoutGPT    Layout = "gpt"
	LayoutFAT    Layout = "fat" // a file system without partitions
	LayoutISO    Layout = "iso"
	LayoutFloppy Layout = "floppy"
	LayoutNone   Layout = "none"
)

// Disk is an image of a disk that is booted as a whole: the machine has it in its
// memory, or reads it over the network.
type Disk struct {
	Image  File
	Layout Layout
	// Bytes is how large the disk is, whatever its image takes.
	Bytes int64
	// BIOS: it has what a BIOS boots.
	BIOS bool
	// EFI are the programs for UEFI firmware on it.
	EFI []DiskProgram
	// Geometry is a floppy disk's.
	Geometry Geometry
	// GRUB is the configuration that a GRUB follows which has the disk in its memory.
	GRUB GRUBConfig
}

// GRUBConfig is where a GRUB's configuration is on a disk; the zero value for nowhere.
type GRUBConfig struct {
	Partition string // as GRUB calls it, such as gpt1; empty for the whole disk
	Path      string // in its file system, from a slash on
}

// DiskProgram is the program of a disk that firmware starts from removable media
// (UEFI 2.10 section 3.5.1.1).
type DiskProgram struct {
	Arch   Arch
	Signed bool // it carries a signature, which Secure Boot asks for
}

// Geometry is how a BIOS counts the sectors of a disk.
type Geometry struct{ Cylinders, Heads, Sectors int }

// Kind implements Content.
func (Disk) Kind() Kind { return KindDisk }

// Title implements Content.
func (d Disk) Title() string { return d.Image.Base() }

// Files implements Content.
func (d Disk) Files() []File { return []File{d.Image} }

// Size implements Content.
func (d Disk) Size() int { return len(d.Image.Source) + 16*len(d.EFI) + len(d.GRUB.Path) }

// Program is the program for firmware of an architecture.
func (d Disk) Program(a Arch) (DiskProgram, bool) {
	i := slices.IndexFunc(d.EFI, func(p DiskProgram) bool { return p.Arch == a })
	if i < 0 {
		return DiskProgram{}, false
	}
	return d.EFI[i], true
}

// Start implements Bringer: what machines get is the disk.
func (d Disk) Start(c Client) (Program, bool) {
	on, ok := d.Program(c.Arch)
	if c.Firmware == BIOS {
		on, ok = DiskProgram{Arch: X86}, d.BIOS
	}
	return Program{Name: d.ServedAs(), Firmware: c.Firmware, Arch: on.Arch, Signed: on.Signed}, ok
}

// File implements Bringer.
func (d Disk) File(name string) (File, bool) { return d.Image, name == d.ServedAs() }

// ServedAs is the disk's name for machines. HTTP Boot knows by the ending what it is
// (edk2, HttpBootSupport.c), and what isn't plain needs quotes in some configurations.
func (d Disk) ServedAs() string {
	name := d.Image.Base()
	for _, ending := range []string{".gz", ".bz2", ".xz", ".zst", ".zstd", ".img", ".iso", ".raw", ".qcow2", ".vhd", ".vhdx", ".vmdk"} {
		if strings.EqualFold(path.Ext(name), ending) {
			name = name[:len(name)-len(ending)]
		}
	}
	name = strings.Map(func(c rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", c) {
			return c
		}
		return '_'
	}, name)
	ending := ".img"
	if d.Layout == LayoutISO {
		ending = ".iso"
	}
	name = strings.TrimLeft(name[max(0, len(name)-ProgramMost+len(ending)):], ".")
	return cmp.Or(name, "disk") + ending
}
