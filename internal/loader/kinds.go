package loader

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/spurboot/spur/internal/efi/sbat"
	"github.com/spurboot/spur/internal/route"
)

// kind is how a kind of EFI application is recognised, and what it tells of itself.
type kind struct {
	kind route.Kind
	is   func(*image) bool
	tell func(*image) error
}

// kinds are the kinds in the order in which they are looked for: first what sections
// and headers show, then what the SBAT data say, then texts.
func kinds() []kind {
	return []kind{
		{route.KindUKI, hasSection(".linux"), tellUKI},
		// It speaks Linux's boot protocol too.
		{route.KindMemtest, contains([]byte("Memtest86+ v")), versionBy(`Memtest86\+ v(\d[.0-9A-Za-z]{1,20})`)},
		{route.KindWimboot, contains([]byte("-- https://ipxe.org/wimboot")), tellWimboot},
		{route.KindLinux, func(im *image) bool { return isKernel(im.content) }, tellKernel},
		{route.KindStub, infoLine("systemd-stub"), versionBy(`#### LoaderInfo: systemd-stub ([-+.~0-9A-Za-z]{1,60}) ####`)},
		{route.KindAddon, infoLine("systemd-addon"), versionBy(`#### LoaderInfo: systemd-addon ([-+.~0-9A-Za-z]{1,60}) ####`)},
		{route.KindSystemdBoot, infoLine("systemd-boot"), versionBy(`#### LoaderInfo: systemd-boot ([-+.~0-9A-Za-z]{1,60}) ####`)},
		{route.KindRAMDisk, infoLine("spur-ramdisk"), versionBy(`#### LoaderInfo: spur-ramdisk ([-+.~0-9A-Za-z]{1,60}) ####`)},
		{route.KindShim, anyOf(hasSection(".sbatlevel"), hasSection(".vendor_cert")), tellShim},
		{route.KindGRUB, isGRUB, tellGRUB},
		{route.KindMokManager, contains(wide("Enroll MOK")), versionBySBAT},
		{route.KindFallback, contains([]byte("\x00try_boot_csv\x00")), versionBySBAT},
		{route.KindIPXE, anyOf(component("ipxe"), contains([]byte("iPXE> "))), tellIPXE},
		{route.KindSyslinux, contains([]byte("_Syslinux_")), versionBy(`Syslinux/(\d[.0-9A-Za-z]{1,20})`)},
		{route.KindREFInd, anyOf(component("refind"), contains(wide("rEFInd - "))), versionBySBAT},
		{route.KindShell, contains(wide("UEFI Interactive Shell")), versionBySBAT},
	}
}

func hasSection(name string) func(*image) bool {
	return func(im *image) bool {
		_, ok := im.file.Section(name)
		return ok
	}
}

// infoLine is for systemd's EFI binaries, which say what they are in a line of this
// form (systemd, src/boot/efi/stub.c).
func infoLine(name string) func(*image) bool {
	return contains([]byte("#### LoaderInfo: " + name + " "))
}

func contains(text []byte) func(*image) bool {
	return func(im *image) bool { return bytes.Contains(im.content, text) }
}

func component(name string) func(*image) bool {
	return func(im *image) bool {
		return slices.ContainsFunc(im.id.SBAT, func(e sbat.Entry) bool { return e.Component == name })
	}
}

func anyOf(tests ...func(*image) bool) func(*image) bool {
	return func(im *image) bool {
		return slices.ContainsFunc(tests, func(is func(*image) bool) bool { return is(im) })
	}
}

// wide is a text as EFI has it: UTF-16, little-endian.
func wide(text string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(text)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}

// versionBy takes a version out of the content; the first group of the pattern is it.
func versionBy(pattern string) func(*image) error {
	return func(im *image) error {
		im.id.Version = match(pattern, im.content)
		return nil
	}
}

func match(pattern string, in []byte) string {
	found := regexp.MustCompile(pattern).FindSubmatch(in)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// versionBySBAT takes the version that whoever built it has given it.
func versionBySBAT(im *image) error {
	e, _ := im.builders()
	im.id.Version = e.Version
	return nil
}

// tellUKI takes the kernel's version, which ukify and systemd's kernel-install write
// down.
func tellUKI(im *image) error {
	text, _, _ := bytes.Cut(im.section(".uname"), []byte{0})
	im.id.Version = strings.TrimSpace(match(`^([-+.~_0-9A-Za-z]{1,80})\s*$`, text))
	return nil
}

// tellWimboot takes the version out of what it says first (its main.c and efimain.c), and
// looks whether it is a kernel too.
func tellWimboot(im *image) error {
	im.id.Version = match(`wimboot v?(\d[-+.~0-9A-Za-z]{1,40}) -- Windows Imaging Format`, im.content)
	im.id.Hybrid = isX86Kernel(im.content)
	return nil
}

// tellShim reads the version out of the section in which shim names its source
// (shim, version.c.in), and the levels that it demands.
func tellShim(im *image) (err error) {
	im.id.Version = match(`\$Version: ([-+.~0-9A-Za-z]{1,40}) \$`, im.content)
	im.id.Vouches = vouches(im.section(".vendor_cert"))
	im.id.Levels, err = sbat.ReadLevels(im.r, im.file.Size)
	return err
}
