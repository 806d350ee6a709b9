package medium

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bootimage"
	"github.com/spurboot/spur/internal/efi/authenticode"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// Medium is what else of the image machines are given that boot a kernel of it.
func (d Disc) Medium(kernel boot.File) (boot.Medium, error) {
	whole, err := image.LookDisk(d.r, d.size)
	if err != nil {
		return boot.Medium{}, advice.Wrap(fmt.Errorf("%s: %w", d.File.Base(), err), again)
	}
	whole.Image = d.File
	return boot.Medium{Image: d.File, Whole: whole.Disk, Chains: d.chains(kernel.Inside)}, nil
}

// open opens a file of the medium.
func (d Disc) open(name string) (fs.File, error) {
	name, efi := strings.CutPrefix(name, boot.EFIImage)
	if !efi {
		return d.Image.Open(name)
	}
	i, err := bootimage.Of(d.Image, d.r, d.size)
	if err != nil {
		return nil, err
	}
	return i.Open(name)
}

// EFIFile is a program for UEFI firmware on a medium.
type EFIFile struct {
	Path string // within the medium, as of a boot.File
	route.Identity
}

// efiMost bounds the programs that are looked at.
const efiMost = 16

// efiFolder is the folder from which firmware starts removable media, and in which a shim
// looks for what it starts (UEFI 2.10 section 3.5.1.1).
const efiFolder = "EFI/BOOT"

// EFI are the programs in the folder from which firmware starts the medium. Firmware has
// those of the boot image; those among the files of the disc are the same where there are
// any, and are taken where it has no boot image that can be read.
func (d Disc) EFI() []EFIFile {
	var all []EFIFile
	if boots, err := bootimage.Of(d.Image, d.r, d.size); err == nil {
		entries, _ := boots.ReadFolder(efiFolder) // one that can't be read has nothing
		for _, e := range entries {
			all = d.addEFI(all, boot.EFIImage+path.Join(efiFolder, e.Name))
		}
	}
	dir := d.foldersOf(efiFolder)
	if len(all) > 0 || dir == "" {
		return all
	}
	entries, _ := fs.ReadDir(d.Image, dir)
	for _, e := range entries {
		all = d.addEFI(all, path.Join(dir, e.Name()))
	}
	return all
}

// addEFI adds a program, if it is one.
func (d Disc) addEFI(all []EFIFile, name string) []EFIFile {
	if !strings.EqualFold(path.Ext(name), ".efi") || len(all) == efiMost {
		return all
	}
	_ = d.looking(name, func(r io.ReaderAt, size int64) error {
		if size > loader.SizeMost {
			return nil
		}
		id, err := loader.Identify(r, size)
		if err == nil && id.Firmware == boot.UEFI {
			all = append(all, EFIFile{name, id})
		}
		return nil
	}) // what can't be read isn't there for firmware either
	return all
}

// foldersOf is the path of a folder as the disc writes it; empty where it has none.
func (d Disc) foldersOf(name string) string {
	at := "."
	for element := range strings.SplitSeq(name, "/") {
		entries, err := fs.ReadDir(d.Image, at)
		i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return strings.EqualFold(e.Name(), element) })
		if err != nil || i < 0 {
			return ""
		}
		at = path.Join(at, entries[i].Name())
	}
	return at
}

// chains are the shims by which firmware with Secure Boot on starts the medium, each with
// the GRUB that it starts.
func (d Disc) chains(kernel string) []boot.MediumChain {
	files := d.EFI()
	var all []boot.MediumChain
	for _, shim := range files {
		if shim.Kind != route.KindShim || !strings.HasPrefix(strings.ToUpper(path.Base(shim.Path)), "BOOT") {
			continue
		}
		if grub, ok := started(shim, files, route.KindGRUB); ok {
			c := d.chain(shim, grub)
			c.Signers = d.signers(kernel, shim.Identity)
			if mok, ok := started(shim, files, route.KindMokManager); ok {
				c.MokManager = d.inside(mok.Path)
			}
			all = append(all, c)
		}
	}
	return all
}

// chain is a shim with its GRUB.
func (d Disc) chain(shim, grub EFIFile) boot.MediumChain {
	c := boot.MediumChain{
		Arch: shim.Arch, Shim: d.inside(shim.Path), GRUB: d.inside(grub.Path), ShimIs: shim.words(), Version: grub.Version,
		Prefix: grub.Prefix, Reaches: grub.Features, Signed: shim.Signed(),
	}
	switch err := shim.Refuses(grub.Identity); {
	case err != nil:
		c.Fault = fmt.Sprintf("its %s refuses its %s: %v", c.ShimIs, grub.words(), err)
	case !shim.Knows(grub.Identity):
		c.Fault = fmt.Sprintf("its %s doesn't know who signed its %s", c.ShimIs, grub.words())
	}
	return c
}

// started is the program of a kind that a shim starts: of several one that it knows, and
// that has a network. Spur gives it, under whatever name the shim asks.
func started(shim EFIFile, files []EFIFile, kind route.Kind) (best EFIFile, ok bool) {
	rank := func(f EFIFile) int {
		n := 1
		if shim.Knows(f.Identity) {
			n += 2
		}
		if f.Features.Has(boot.CanTFTP) {
			n++
		}
		return n
	}
	for _, f := range files {
		if f.Kind == kind && f.Arch == shim.Arch && (!ok || rank(f) > rank(best)) {
			best, ok = f, true
		}
	}
	return best, ok
}

// signers are who signed a kernel, as far as a shim vouches for them.
func (d Disc) signers(kernel string, shim route.Identity) []string {
	var names []string
	_ = d.looking(kernel, func(r io.ReaderAt, size int64) error {
		all, err := authenticode.Signatures(r, size)
		for _, s := range all {
			names = append(names, s.Name(), s.Issuer())
		}
		return err
	}) // one whose signatures can't be read has none
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(shim.Vouches, name) })
}

// words say what a program is.
func (f EFIFile) words() string { return strings.TrimSpace(string(f.Kind) + " " + f.Version) }
