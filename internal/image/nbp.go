package image

import (
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// The sizes at which ROMs stop. A ROM puts an NBP at 0:7C00, from which 33 KiB are
// left of the first segment: PXE 2.1 section 4.4.5 advises 32 KiB, and some ROMs load
// no further than a segment. Above 640 KiB is no memory, and BIOS and ROM keep a part
// of what is below.
const (
	nbpAdvised = 32 << 10
	nbpSegment = 64 << 10
	nbpSpace   = 500 << 10
)

// Program is what a flat program for a BIOS turned out to be.
type Program struct {
	Description string
	// Warning says what ROMs make of its size; empty for nothing.
	Warning string
	// Companion is the file that it stops without; empty for none that is known.
	Companion string
}

// LookNBP says what r is, of which somebody says that it is a flat program that a BIOS
// ROM loads. That can't be told from its content, unless it is a known one; what is
// something else for sure is a *Mismatch.
func LookNBP(r io.ReaderAt, size int64) (Program, error) {
	h, err := readHead(r, size)
	if err != nil {
		return Program{}, err
	}
	if found, ok := recognise(h); ok && found.Kind != boot.KindNBP {
		return Program{}, &Mismatch{Looks: article(found), Wanted: "a " + NBP, Hint: "leave --as nbp out"}
	}
	if looks := notFlat(h); looks != "" {
		return Program{}, &Mismatch{Looks: looks, Wanted: "a " + NBP, Hint: "give what the ROM is to load and jump to, as it is"}
	}
	p := Program{Description: NBP, Warning: sizeWarning(size)}
	if id, err := loader.IdentifyFlat(h); err == nil && isFlat(id) {
		p = Program{Description: describe(flat(id)), Companion: companionOf(id)}
	}
	if size > nbpSpace {
		p.Warning = sizeWarning(size)
	}
	return p, nil
}

func article(f Found) string {
	switch f.Kind {
	case boot.KindEFI:
		return "an EFI application, which UEFI firmware starts"
	case boot.KindLinux:
		return "a Linux kernel"
	}
	return f.WithArticle()
}

// notFlat says what a file is that no ROM could jump into; empty where it could be.
func notFlat(h head) string {
	switch {
	case len(h) == 0:
		return emptyFile
	case h.has(0, "\x7fELF"):
		return "an ELF file"
	case h.has(0, gzipMagic):
		return "gzip-compressed data"
	}
	if _, ok := h.peArch(); ok {
		return efiMismatch(h).Looks
	}
	if found := textMismatch(h); found != nil {
		return found.Looks
	}
	return ""
}

// sizeWarning says what ROMs make of a flat program of that size.
func sizeWarning(size int64) string {
	switch {
	case size > nbpSpace:
		return fmt.Sprintf("it has %d KiB, and a BIOS ROM has room for some %d KiB below the 640 KiB of real mode: hardly any will load it", size>>10, nbpSpace>>10)
	case size > nbpSegment:
		return fmt.Sprintf("it has %d KiB: ROMs that load a program into one segment take 64 KiB at most, some 32 KiB", size>>10)
	case size > nbpAdvised:
		return fmt.Sprintf("it has %d KiB, more than the 32 KiB that PXE advises: some old ROMs load no more", size>>10)
	}
	return ""
}

// flatLoader recognises the loaders for a BIOS that are known by their content.
func flatLoader(h head) (Found, bool) {
	id, err := loader.IdentifyFlat(h)
	if err != nil || !isFlat(id) {
		return Found{}, false
	}
	return flat(id), true
}

// isFlat tells whether a ROM starts a loader.
func isFlat(id route.Identity) bool {
	switch id.Kind {
	case route.KindPXELINUX, route.KindIPXE, route.KindGRUB:
		return id.Firmware == boot.BIOS
	}
	return false
}

func flat(id route.Identity) Found {
	return Found{Kind: boot.KindNBP, Arch: boot.X86, Format: string(id.Kind), Version: id.Version}
}
