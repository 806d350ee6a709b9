package image

import (
	"errors"
	"io"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/wim"
)

// WindowsImage is the format of WIMs.
const WindowsImage = "Windows image (WIM)"

// WIM is what a Windows image turned out to be.
type WIM struct {
	Arch boot.Arch // of the image that boots; empty where it doesn't say
	// Boots: one of its images is marked as the one that boots.
	Boots bool
	// Inside are the files that wimboot finds in it, by firmware and by the names under
	// which wimboot knows them. Unread: they aren't known, since it is compressed in a way
	// that Spur doesn't read.
	Inside      map[boot.Firmware][]string
	Unread      bool
	Description string
}

// LookWIM says what a Windows image is. The error is a *Mismatch, or one of reading.
func LookWIM(r io.ReaderAt, size int64) (WIM, error) {
	if size < 0 {
		size = 1 << 50 // a server that doesn't tell ends it where it ends
	}
	w, err := wim.Open(r, size)
	switch {
	case errors.Is(err, wim.ErrNone):
		return WIM{}, &Mismatch{Looks: "no " + WindowsImage, Hint: "name boot.wim"}
	case err != nil:
		return WIM{}, damagedWIM(err)
	case w.Parts > 1:
		return WIM{}, &Mismatch{Looks: "a part of a Windows image that was split into several files", Hint: "join them (wimlib-imagex join), or name boot.wim"}
	}
	found := WIM{Boots: w.Boot > 0, Description: WindowsImage}
	image, ok := w.Image(w.Boot)
	if !ok {
		return found, nil
	}
	found.Arch = windowsArch(image.Arch)
	if image.Name != "" {
		found.Description += ", " + image.Name
	}
	if image.Build != "" {
		found.Description += ", " + image.Build
	}
	if found.Arch != "" {
		found.Description += ", " + archName(found.Arch)
	}
	tree, err := w.Tree(w.Boot)
	switch {
	case errors.Is(err, wim.ErrCompression):
		found.Unread = true
		return found, nil
	case err != nil:
		return WIM{}, damagedWIM(err)
	}
	found.Inside = insideWIM(tree)
	return found, nil
}

func damagedWIM(err error) error {
	return &Mismatch{Looks: "a damaged Windows image: " + err.Error(), Hint: "download or copy it again"}
}

// insideWIM are the files that wimboot finds in an image (bootmgr_path and wim_paths in its
// main.c, bootmgfw_path and efi_wim_paths in its efifile.c).
func insideWIM(t wim.Tree) map[boot.Firmware][]string {
	found := map[boot.Firmware][]string{}
	for _, f := range []struct {
		firmware boot.Firmware
		name     string
		paths    []string
	}{
		{boot.BIOS, "bootmgr", []string{"Windows/Boot/PXE/bootmgr.exe"}},
		{boot.BIOS, "bcd", []string{"Windows/Boot/DVD/PCAT/BCD"}},
		{boot.BIOS, "boot.sdi", []string{"Windows/Boot/DVD/PCAT/boot.sdi", "sms/boot/boot.sdi"}},
		{boot.UEFI, "bootmgfw.efi", []string{"Windows/Boot/EFI/bootmgfw.efi"}},
		{boot.UEFI, "bcd", []string{"Windows/Boot/DVD/EFI/BCD"}},
		{boot.UEFI, "boot.sdi", []string{"Windows/Boot/DVD/EFI/boot.sdi", "sms/boot/boot.sdi"}},
	} {
		for _, path := range f.paths {
			if t.Has(path) {
				found[f.firmware] = append(found[f.firmware], f.name)
				break
			}
		}
	}
	return found
}

// windowsArch is an architecture as Windows counts them.
func windowsArch(a wim.Arch) boot.Arch {
	switch a {
	case wim.X86:
		return boot.X86
	case wim.X64:
		return boot.X64
	case wim.ARM:
		return boot.ARM
	case wim.ARM64:
		return boot.ARM64
	}
	return ""
}

// wimFile recognises a Windows image.
func wimFile(h head) (Found, bool) {
	if !h.has(0, wim.Magic) {
		return Found{}, false
	}
	return Found{Kind: boot.KindWIM, Format: WindowsImage}, true
}
