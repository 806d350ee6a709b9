package boot

import (
	"fmt"
	"path/filepath"
	"slices"
)

// KindNetBoot is that of NetBoot.
const KindNetBoot Kind = "netboot"

// NetBoot are Apple's NetBoot images, .nbi folders, of which a Mac is shown those that
// are for it.
type NetBoot struct {
	Images []NetBootImage
	// Shadow is where systems without a disk of their own may write, as a URL
	// (afp://USER:PASSWORD@ADDRESS/VOLUME); empty for nowhere.
	Shadow string
}

// NetBootImage is one .nbi folder, as its NBImageInfo.plist describes it.
type NetBootImage struct {
	Dir         string // absolute
	Name        string // people read it in the Mac's list
	Description string
	// Index is its number, which no other image of a server has; System and Install say
	// what it brings (BSDP's kind and attribute).
	Index   uint16
	System  uint8
	Install bool
	// Default: it is booted where nobody chooses. FilterOnly: only Macs that ask for
	// its sort are shown it.
	Default, FilterOnly bool
	// Booters are what Macs are given first, by architecture.
	Booters []Booter
	// Models are the Macs that it is for, none for every one; likewise the addresses in
	// Enabled. Those in Disabled it isn't for.
	Models            []string
	Enabled, Disabled []MAC
	// Root is the disk image with the system, which machines are told as a URL. Where
	// it lies elsewhere RootPath says so, as option 17 has it; both are empty for a
	// booter that needs none.
	Root     File
	RootPath string
}

// Booter is the program that starts an image on Macs of one architecture.
type Booter struct {
	Arch string // as BSDP calls it: i386 for all Macs with EFI, or ppc
	File File
}

// The architectures of booters.
const (
	NetBootI386 = "i386"
	NetBootPPC  = "ppc"
)

// NetBootArch is what BSDP calls the architecture of a Mac; empty for what is none.
func (c Client) NetBootArch() string {
	switch c.Firmware {
	case OpenFirmware:
		return NetBootPPC
	case UEFI:
		return NetBootI386
	}
	return ""
}

// Booter finds the booter for an architecture.
func (i NetBootImage) Booter(arch string) (Booter, bool) {
	at := slices.IndexFunc(i.Booters, func(b Booter) bool { return b.Arch == arch })
	if at < 0 {
		return Booter{}, false
	}
	return i.Booters[at], true
}

// Beside is a file that lies beside a booter, or below that folder; name has slashes.
func (b Booter) Beside(name string) File {
	return File{Source: filepath.Join(filepath.Dir(b.File.Source), filepath.FromSlash(name))}
}

// Image finds an image by its index.
func (n NetBoot) Image(index uint16) (NetBootImage, bool) {
	at := slices.IndexFunc(n.Images, func(i NetBootImage) bool { return i.Index == index })
	if at < 0 {
		return NetBootImage{}, false
	}
	return n.Images[at], true
}

// Archs are the architectures that there is a booter for.
func (n NetBoot) Archs() []string {
	var all []string
	for _, i := range n.Images {
		for _, b := range i.Booters {
			if !slices.Contains(all, b.Arch) {
				all = append(all, b.Arch)
			}
		}
	}
	return all
}

// Kind implements Content.
func (NetBoot) Kind() Kind { return KindNetBoot }

// Title implements Content.
func (n NetBoot) Title() string {
	if len(n.Images) == 1 {
		return filepath.Base(n.Images[0].Dir)
	}
	return fmt.Sprintf("%d NetBoot images", len(n.Images))
}

// Files implements Content. A booter fetches what else lies beside it.
func (n NetBoot) Files() []File {
	var files []File
	for _, i := range n.Images {
		for _, b := range i.Booters {
			files = append(files, b.File)
		}
		if i.Root.Source != "" {
			files = append(files, i.Root)
		}
	}
	return files
}

// Folders are those in which a booter finds files under names of its own.
func (n NetBoot) Folders() []string {
	var all []string
	for _, i := range n.Images {
		all = append(all, i.Dir)
	}
	return all
}

// Size implements Content.
func (n NetBoot) Size() int {
	size := len(n.Shadow)
	for _, i := range n.Images {
		size += len(i.Dir) + len(i.Name) + len(i.Description) + i.Root.size() + len(i.RootPath) + len(MAC{})*(len(i.Enabled)+len(i.Disabled))
		for _, b := range i.Booters {
			size += len(b.Arch) + b.File.size()
		}
		for _, m := range i.Models {
			size += len(m)
		}
	}
	return size
}
