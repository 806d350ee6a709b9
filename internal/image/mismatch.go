package image

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/printable"
)

const swapped = "did you swap kernel and initrd? The kernel comes first"

const emptyFile = "an empty file"

// sectorOfZeros is how much a file must have, all of it zeros, to be called an empty disk.
const sectorOfZeros = 512

const unknownKind = "of a kind that Spur does not know"

// lookalike is a format that does not boot, by the bytes that tell it.
type lookalike struct {
	at          int
	magic       string
	looks, hint string
	disk        bool // it boots as a whole, if anything on it does
}

// lookalikes lists what people hand over instead of a kernel, the more telling
// first.
func lookalikes() []lookalike {
	const takeOut = "take the kernel and the initrd out of it"
	return []lookalike{
		{discMagicAt, "CD001", isoImage, takeOut + " (look in its folders casper, live, install or isolinux)", true},
		{discMagicAt, "BEA01", udfImage, takeOut, true},
		{0, "070701", "a cpio archive (an initrd)", swapped, false},
		{0, "070702", "a cpio archive (an initrd)", swapped, false},
		{0, "070707", "a cpio archive", swapped, false},
		{0, "\xfd7zXZ\x00", "xz-compressed data (an initrd?)", swapped, false},
		{0, "\x28\xb5\x2f\xfd", "zstd-compressed data (an initrd?)", swapped, false},
		{0, "\x02\x21\x4c\x18", "lz4-compressed data (an initrd?)", swapped, false},
		{0, "\x04\x22\x4d\x18", "lz4-compressed data (an initrd?)", swapped, false},
		{0, "BZh", "bzip2-compressed data (an initrd?)", swapped, false},
		{0, "\x89LZO\x00", "lzo-compressed data (an initrd?)", swapped, false},
		{0, "\x5d\x00\x00", "lzma-compressed data (an initrd?)", swapped, false},
		{0, "hsqs", "a squashfs file system (the root of a live system?)", "give the kernel and the initrd that mount it", false},
		{0, uImageMagic, "a U-Boot image that is no kernel, or damaged", "give the kernel, in an image or as it was before (Image or zImage)", false},
		{0, fdtMagic, "a device tree", "give the kernel first, and name this with --dtb", false},
		{0, "QFI\xfb", "a qcow2 disk image", takeOut, true},
		{0, "KDMV", "a VMDK disk image", takeOut, true},
		{0, "# Disk DescriptorFile", "a VMDK disk image", takeOut, true},
		{0, "vhdxfile", "a VHDX disk image", takeOut, true},
		{0, "conectix", "a VHD disk image", takeOut, true},
		{0, "<<< Oracle VM VirtualBox Disk Image >>>", "a VDI disk image, which can't be read", convert("vdi"), false},
		{0, "<<< QEMU VM Virtual Disk Image >>>", "a VDI disk image, which can't be read", convert("vdi"), false},
		{0, "QED\x00", "a QED disk image, which can't be read", convert("qed"), false},
		{0, "PK\x03\x04", "a zip archive", "unpack it first", false},
		{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first", false},
		{0, "Rar!\x1a\x07", "a RAR archive", "unpack it first", false},
		{257, "ustar", "a tar archive", "unpack it first", false},
		{512, "EFI PART", "a disk image with GPT partitions", takeOut, true},
		{510, "\x55\xaa", "a disk image or boot sector", takeOut + "; a flat program that a BIOS loads, an NBP, boots with --as nbp", true},
	}
}

// convert is what to do about an image of a format that QEMU reads, and Spur doesn't.
func convert(format string) string {
	return "convert it: qemu-img convert -f " + format + " -O qcow2 IMAGE NEW"
}

// looksLike is the format of a file that does not boot by itself.
func looksLike(h head) (lookalike, bool) {
	for _, l := range lookalikes() {
		if h.has(l.at, l.magic) {
			return l, true
		}
	}
	return lookalike{}, false
}

// mismatch says what a file that does not boot looks like.
func mismatch(h head) *Mismatch {
	if len(h) == 0 {
		return &Mismatch{Looks: emptyFile, Hint: "download or copy it again"}
	}
	if _, ok := h.peArch(); ok {
		return efiMismatch(h)
	}
	if h.has(0, "\x7fELF") {
		return elfMismatch(h)
	}
	if l, ok := looksLike(h); ok {
		return &Mismatch{Looks: l.looks, Hint: l.hint}
	}
	if len(h) > sectorOfZeros && !slices.ContainsFunc(h, func(b byte) bool { return b != 0 }) {
		return &Mismatch{Looks: "an empty disk, or not yet copied: it begins with zeros alone", Hint: "put a system on it, or download or copy it again; with --as disk a BIOS tries it all the same"}
	}
	if found := flatMismatch(h); found != nil {
		return found
	}
	if found := textMismatch(h); found != nil {
		return found
	}
	return &Mismatch{Looks: fmt.Sprintf(unknownKind+" (it begins with % x)", []byte(h[:min(len(h), 8)])), Hint: "give a kernel, an EFI application, the image of a disk or an iPXE script; a flat program that a BIOS loads, an NBP, boots with --as nbp"}
}

// mismatchInside says what a gzip file that does not boot looks like.
func mismatchInside(inside head) *Mismatch {
	switch m := mismatch(inside); {
	case len(inside) == 0:
		return &Mismatch{Looks: "a damaged or empty gzip file", Hint: "download or copy it again"}
	case strings.HasPrefix(m.Looks, "of a kind"):
		return &Mismatch{Looks: "gzip-compressed data of a kind that Spur does not know", Hint: "unpack it with gunzip, or: " + swapped}
	default:
		return &Mismatch{Looks: "gzip-compressed: " + m.Looks, Hint: m.Hint}
	}
}

// wrappings are formats in which files are packed, once more than they have to be where
// they are found in one another.
func wrappings() map[string]string {
	return map[string]string{
		gzipMagic: "gzip", "\xfd7zXZ\x00": "xz", "\x28\xb5\x2f\xfd": "zstd", "BZh": "bzip2",
		"PK\x03\x04": "zip", "7z\xbc\xaf\x27\x1c": "7-Zip", "Rar!\x1a\x07": "RAR",
	}
}

// wrapping is the name of the one that a file begins with; empty for none.
func (h head) wrapping() string {
	for magic, name := range wrappings() {
		if h.has(0, magic) {
			return name
		}
	}
	if h.has(257, "ustar") {
		return "tar"
	}
	return ""
}

// wrappedTwice says of a compressed file in which there is another one, or an archive,
// that nobody looks further; nil for others.
func wrappedTwice(r io.ReaderAt, size int64, h head) *Mismatch {
	inside, ok := unpackedHead(r, size, h)
	if !ok || inside.wrapping() == "" {
		return nil
	}
	return &Mismatch{
		Looks: fmt.Sprintf("a %s file in a compressed one, an image in an image in an image perhaps", inside.wrapping()),
		Hint:  "unpack both, and give what is in them; an image may be in one file of gzip, xz, zstd or bzip2",
	}
}

func efiMismatch(h head) *Mismatch {
	switch h.peSubsystem() {
	case subsystemDriver, subsystemRuntime:
		return &Mismatch{Looks: "an EFI driver", Hint: "give an EFI application or a Linux kernel"}
	}
	return &Mismatch{Looks: "a Windows program", Hint: "give an EFI application or a Linux kernel"}
}

// textMismatch says what a text is; nil for what is none.
func textMismatch(h head) *Mismatch {
	text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(string(h[:min(len(h), 1024)]), "\ufeff"), " \t\r\n"))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<!--"} {
		if strings.HasPrefix(text, tag) {
			return &Mismatch{Looks: "a web page" + title(h), Hint: "a login or error page was probably downloaded instead of the file; open its address in a browser"}
		}
	}
	if !printable.IsText(h[:min(len(h), 512)]) {
		return nil
	}
	return &Mismatch{
		Looks: fmt.Sprintf("text that begins with %q", h.text(0, 40)),
		Hint:  "an iPXE script has #!ipxe as its first line",
	}
}

// title is the title of a web page in brackets.
func title(h head) string {
	page := strings.ToLower(string(h[:min(len(h), 4096)]))
	_, rest, ok := strings.Cut(page, "<title")
	if !ok {
		return ""
	}
	_, rest, _ = strings.Cut(rest, ">")
	rest, _, _ = strings.Cut(rest, "<")
	if text := head(strings.TrimSpace(rest)).text(0, 60); text != "" {
		return fmt.Sprintf(" (%q)", text)
	}
	return ""
}
