package route

import (
	"cmp"
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Distribution is what the host runs, by which its packages are called. The zero
// value is Debian on x64.
type Distribution struct {
	Name   string // as people know it
	Family Family
	Arch   boot.Arch // of the host; empty for x64
}

// Family is a family of distributions whose packages are called alike.
type Family string

// The families whose packages are known.
const (
	Debian   Family = "debian"
	Fedora   Family = "fedora"
	Arch     Family = "arch"
	Alpine   Family = "alpine"
	OpenSUSE Family = "opensuse"
)

// pack is one line of the table of packages: where loaders of a kind come from.
type pack struct {
	family Family
	kind   Kind
	arch   boot.Arch // of the machine; empty for any
	name   string
	binary bool // each architecture has a package of its own, with what is for it
}

// packages returns the table of packages. The first line that fits counts; of
// what is in no line, Debian's package is told.
func packages() []pack {
	return []pack{
		{Debian, KindIPXE, boot.X86, "ipxe", false},
		{Debian, KindIPXE, boot.X64, "ipxe", false},
		{Debian, KindIPXE, "", laterIPXE, false},
		{Debian, KindStub, "", "systemd-boot-efi", true},
		{Debian, KindRPi, "", "raspi-firmware (component non-free-firmware)", false},
		{Debian, KindShim, boot.X86, "shim-signed", true},
		{Debian, KindShim, boot.X64, "shim-signed", true},
		{Debian, KindShim, boot.ARM64, "shim-signed", true},
		{Debian, KindGRUB, boot.X86, "grub-efi-ia32-signed", true},
		{Debian, KindGRUB, boot.X64, "grub-efi-amd64-signed", true},
		{Debian, KindGRUB, boot.ARM64, "grub-efi-arm64-signed", true},
		{Debian, KindPXELINUX, "", "pxelinux", false},
		{Debian, KindSyslinux, "", "syslinux-efi", false},
		{Debian, KindLdlinux, "", "syslinux-common", false},
		{Debian, KindMemdisk, "", "syslinux-common", false},
		{Fedora, KindIPXE, boot.X86, "ipxe-bootimgs-x86", false},
		{Fedora, KindIPXE, boot.X64, "ipxe-bootimgs-x86", false},
		{Fedora, KindIPXE, boot.ARM64, "ipxe-bootimgs-aarch64", false},
		{Fedora, KindStub, "", "systemd-boot-unsigned", true},
		{Fedora, KindShim, boot.X64, "shim-x64", true},
		{Fedora, KindShim, boot.ARM64, "shim-aa64", true},
		{Fedora, KindGRUB, boot.X64, "grub2-efi-x64", true},
		{Fedora, KindGRUB, boot.ARM64, "grub2-efi-aa64", true},
		{Fedora, KindPXELINUX, "", "syslinux-nonlinux", false},
		{Fedora, KindMemdisk, "", "syslinux-nonlinux", false},
		{Fedora, KindSyslinux, boot.X64, "syslinux-efi64", false},
		{Fedora, KindLdlinux, boot.X86, "syslinux-nonlinux", false}, // of a BIOS
		{Fedora, KindLdlinux, boot.X64, "syslinux-efi64", false},
		{Arch, KindIPXE, boot.X86, "ipxe", false},
		{Arch, KindIPXE, boot.X64, "ipxe", false},
		{Arch, KindStub, boot.X64, "systemd", true},
		{Arch, KindPXELINUX, "", "syslinux", false},
		{Arch, KindSyslinux, "", "syslinux", false},
		{Arch, KindLdlinux, "", "syslinux", false},
		{Arch, KindMemdisk, "", "syslinux", false},
		{Alpine, KindStub, "", "systemd-efistub", true},
		{Alpine, KindPXELINUX, "", "syslinux", false},
		{Alpine, KindSyslinux, "", "syslinux", false},
		{Alpine, KindLdlinux, "", "syslinux", false},
		{Alpine, KindMemdisk, "", "syslinux", false},
		{OpenSUSE, KindIPXE, "", "ipxe-bootimgs", false},
		{OpenSUSE, KindStub, "", "systemd-boot", true},
		{OpenSUSE, KindShim, "", "shim", true},
		{OpenSUSE, KindGRUB, boot.X64, "grub2-x86_64-efi", false},
		{OpenSUSE, KindGRUB, boot.ARM64, "grub2-arm64-efi", false},
		{OpenSUSE, KindPXELINUX, "", "syslinux", false},
		{OpenSUSE, KindMemdisk, "", "syslinux", false},
	}
}

// laterIPXE is Debian's package of iPXE for architectures that an older one lacks.
const laterIPXE = "ipxe from Debian 13 on, whose .deb spur loader import takes"

// Has says in which package this distribution has loaders of a kind for a machine of
// an architecture, and what to do where that can't just be installed. Where it has
// none, Debian's package can be imported.
func (d Distribution) Has(kind Kind, a boot.Arch) string {
	if d.Family == "" {
		d.Name, d.Family = "Debian", Debian
	}
	if p, ok := d.pack(kind, a); ok {
		return fmt.Sprintf("%s has it in package %s", d.Name, d.obtain(p, a))
	}
	debian := Distribution{Name: "Debian", Family: Debian, Arch: d.Arch}
	p, ok := debian.pack(kind, a)
	switch {
	case kind == KindWimboot:
		return "the iPXE project has it at github.com/ipxe/wimboot/releases, from where spur loader import takes it"
	case !ok:
		return "spur loader import takes it from elsewhere"
	case p.name == laterIPXE:
		return "Debian has it in package " + p.name
	case kind == KindRPi:
		return fmt.Sprintf("Debian has it in package %s; unpack that, and name the folder usr/lib/raspi-firmware in it with --loaders", p.name)
	}
	return fmt.Sprintf("Debian has it in package %s, from which spur loader import takes it", debian.called(p, a))
}

// makes says how to come by a network boot program that no distribution has made.
func (d Distribution) makes(kind Kind) string {
	modules, known := map[Family]string{
		"": "grub-pc-bin and grub-common", Debian: "grub-pc-bin and grub-common", Fedora: "grub2-pc-modules and grub2-tools-minimal",
		Arch: "grub", Alpine: "grub-bios", OpenSUSE: "grub2-i386-pc and grub2",
	}[d.Family]
	if kind != KindGRUB || !known {
		return "spur loader import takes it from elsewhere"
	}
	return "spur loader make grub makes one, with package " + modules
}

// pack is the line of the table for loaders of a kind and an architecture.
func (d Distribution) pack(kind Kind, a boot.Arch) (pack, bool) {
	for _, p := range packages() {
		if p.family == d.Family && p.kind == kind && (p.arch == "" || p.arch == a) {
			return p, true
		}
	}
	return pack{}, false
}

// foreign tells whether a package is one that this host doesn't install as its own.
func (d Distribution) foreign(p pack, a boot.Arch) bool {
	return p.binary && a != cmp.Or(d.Arch, boot.X64)
}

// called is the name of a package, with its architecture where it isn't the host's.
func (d Distribution) called(p pack, a boot.Arch) string {
	switch {
	case !d.foreign(p, a):
		return p.name
	case d.Family == Debian:
		return p.name + ":" + debianArch(a)
	}
	return p.name + " for " + string(a)
}

// obtain is the name of a package, and how to come by one that isn't for this host.
func (d Distribution) obtain(p pack, a boot.Arch) string {
	name := d.called(p, a)
	switch {
	case !d.foreign(p, a):
		return name
	case d.Family == Debian:
		return fmt.Sprintf("%s: apt-get download %s after dpkg --add-architecture %s and apt-get update, or get it from packages.debian.org; then spur loader import FILE.deb", name, name, debianArch(a))
	}
	return name + ", from which spur loader import takes it"
}

// signedGRUB is Debian's package with the GRUB for an architecture that its shim starts.
func signedGRUB(a boot.Arch) string {
	p, _ := Distribution{Family: Debian}.pack(KindGRUB, a)
	return p.name
}

// debianArch is what Debian calls an architecture.
func debianArch(a boot.Arch) string {
	switch a {
	case boot.X64:
		return "amd64"
	case boot.X86:
		return "i386"
	case boot.ARM:
		return "armhf"
	}
	return string(a)
}
