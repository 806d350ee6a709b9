package image

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/pefile"
)

// headSize is how many bytes of the beginning are looked at first.
const headSize = 64 << 10

// The formats of payloads.
const (
	BzImage = "bzImage"
	// FixedBzImage is one that can't be moved, so that no systemd-stub starts it.
	FixedBzImage = "bzImage that can't be moved"
	ZImage       = "zImage"
	Image        = "Image"
	Zboot        = "EFI zboot"
	IPXE         = "iPXE script"
	EFI          = "EFI application"
	UKI          = "unified kernel image"
	NBP          = "flat program for a BIOS"
	// DiskImage is any format in which a disk is kept.
	DiskImage = "disk image"
)

// Found is what a file turned out to be.
type Found struct {
	Kind boot.Kind
	// Arch is what a kernel or an EFI application is built for; empty when it does not say.
	Arch boot.Arch
	// Format is one of the formats above.
	Format string
	// Version is the kernel's release, such as 6.1.0-56-cloud-amd64; only
	// x86 kernels tell it in their header.
	Version string
	// EFIStub says that UEFI firmware can start a kernel by itself, once it is unpacked.
	EFIStub bool
	// EFIMixed says that UEFI firmware of 32 bits can start a 64-bit kernel.
	EFIMixed bool
	// Compression is how the whole file is compressed, so that a loader has to
	// unpack it before it can be started: gzip or empty.
	Compression string
	// Signed says that it carries a signature, as Secure Boot wants it.
	Signed bool
	// Description says all this for people.
	Description string
	// Extent is how large a kernel is.
	Extent boot.Extent
	// Xen says that a Multiboot kernel is the hypervisor.
	Xen bool
	// EntryEFI64 says that by its header of version 2 a Multiboot kernel begins to run on UEFI
	// of 64 bits alone.
	EntryEFI64 bool
}

// Abilities are what the look has shown of a kernel.
func (f Found) Abilities() boot.Abilities {
	return boot.Abilities{Known: true, EFIStub: f.EFIStub, EFIMixed: f.EFIMixed, NoUKI: f.Format == FixedBzImage, Compression: f.Compression, Signed: f.Signed, EFIOnly: f.Format == Zboot, UBoot: f.Format == UImage || f.Format == FIT}
}

// Mismatch is the error about a file that does not boot.
type Mismatch struct {
	// Looks says what the file looks like, with an article.
	Looks string
	// Hint says what to do.
	Hint string
	// Wanted says what it isn't; empty for something that boots.
	Wanted string
}

// Error says what the file looks like; the hint is for a line of its own.
func (m *Mismatch) Error() string {
	return "this is " + m.Looks + ", not " + cmp.Or(m.Wanted, "something that boots")
}

// IsInitrd tells whether the file looks like an initrd where a kernel should be.
func (m *Mismatch) IsInitrd() bool { return m.Hint == swapped }

// Look says what r is. size is the length of the whole in bytes, or negative
// where that is not known. The error is a *Mismatch,
// or one of reading.
func Look(r io.ReaderAt, size int64) (Found, error) {
	h, err := readHead(r, size)
	if err != nil {
		return Found{}, err
	}
	if found, ok := diskHead(r, size, h); ok {
		return found, nil
	}
	if found, ok := wimFile(h); ok {
		w, err := LookWIM(r, size)
		found.Arch, found.Description = w.Arch, w.Description
		return found, err
	}
	found, err := identify(h, size)
	if err == nil && found.Kind == boot.KindLinux {
		found.Extent = kernelExtent(h, found, size)
	}
	if err == nil && found.Kind == boot.KindMultiboot {
		found.Xen = isXen(r, size)
	}
	if err != nil {
		if m := wrappedTwice(r, size, h); m != nil {
			return Found{}, m
		}
	}
	if err == nil && (found.Kind == boot.KindEFI || found.Kind == boot.KindXen) && size >= 0 {
		return found, whole(r, size)
	}
	return found, err
}

// whole tells whether an EFI application of that size is cut off or damaged, by
// its headers.
func whole(r io.ReaderAt, size int64) error {
	if _, err := pefile.Read(r, size); err != nil {
		return &Mismatch{Looks: "a damaged EFI application: " + err.Error(), Hint: "download or copy it again"}
	}
	return nil
}

// identify is Look over the head of a file.
func identify(h head, size int64) (Found, error) {
	if h.has(0, gzipMagic) {
		return identifyGzip(h)
	}
	found, ok := recognise(h)
	if !ok {
		return Found{}, mismatch(h)
	}
	if least := leastSize(h, found); size >= 0 && size < least {
		return Found{}, &Mismatch{
			Looks: fmt.Sprintf("the beginning of a kernel: %d of at least %d bytes", size, least),
			Hint:  "download or copy it again",
		}
	}
	switch found.Kind {
	case boot.KindMultiboot:
		return h.placed(found, size)
	case boot.KindTagged:
		return h.readTagged(found, size)
	}
	return found, nil
}

// recognise tries every format that boots.
func recognise(h head) (Found, bool) {
	for _, try := range []func(head) (Found, bool){bzImage, zboot, xen, armImage, riscvImage, loongImage, armZImage, efiApplication, script, tagged, flatLoader, multiboot, uImage, fitImage} {
		if found, ok := try(h); ok {
			found.Signed = h.peSigned()
			found.Description = describe(found)
			return found, true
		}
	}
	return Found{}, false
}

// leastSize is the smallest size of a whole file with this head; 0 where the
// head does not tell.
func leastSize(h head, f Found) int64 {
	switch f.Format {
	case BzImage, FixedBzImage:
		return bzImageSize(h)
	case Zboot:
		return zbootSize(h)
	case Multiboot1, Multiboot2, MultibootBoth:
		return h.elf().size
	case UImage:
		return uImageSize(h)
	case FIT:
		return fitSize(h)
	}
	return 0
}

func describe(f Found) string {
	if f.Kind == boot.KindScript {
		return "iPXE script"
	}
	if f.Kind == boot.KindNBP {
		return strings.TrimSpace(f.Format+" "+f.Version) + ", a " + NBP
	}
	text := "Linux kernel"
	if f.Kind == boot.KindEFI || f.Kind == boot.KindXen || f.Kind == boot.KindMultiboot || f.Kind == boot.KindTagged {
		text = f.Format
	}
	if f.Version != "" {
		text += " " + f.Version
	}
	if f.Arch != "" {
		text += ", " + archName(f.Arch)
	}
	if f.Format == UImage || f.Format == FIT {
		text += ", in a " + f.Format + " for U-Boot"
	}
	if f.Format == Multiboot2 && f.EntryEFI64 {
		text += ", for UEFI alone"
	}
	if f.Format == Zboot {
		text += ", self-unpacking"
	}
	if f.EFIStub {
		text += ", EFI stub"
	}
	if f.Signed {
		text += ", signed"
	}
	if f.Compression != "" {
		text += ", compressed with " + f.Compression
	}
	return text
}

// WithArticle is the description in a sentence: Xen and the loaders for a BIOS are called by
// their names.
func (f Found) WithArticle() string {
	switch {
	case f.Kind == boot.KindXen || f.Kind == boot.KindNBP:
		return f.Description
	case f.Kind == boot.KindScript || f.Format == EFI:
		return "an " + f.Description
	}
	return "a " + f.Description
}

// archName writes an architecture the way people who boot machines know it.
func archName(a boot.Arch) string {
	switch a {
	case boot.X64:
		return "x86-64"
	case boot.X86:
		return "x86 (32 bits)"
	case boot.ARM:
		return "ARM (32 bits)"
	}
	return string(a)
}

// script recognises an iPXE script by its first line. gPXE is what iPXE was
// called before 2010; iPXE still runs its scripts.
func script(h head) (Found, bool) {
	if !h.has(0, "#!ipxe") && !h.has(0, "#!gpxe") {
		return Found{}, false
	}
	return Found{Kind: boot.KindScript, Format: IPXE}, true
}

func readHead(r io.ReaderAt, size int64) (head, error) {
	want := int64(headSize)
	if size >= 0 {
		want = min(want, size)
	}
	h := make(head, want)
	n, err := r.ReadAt(h, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return h[:n], nil
}
