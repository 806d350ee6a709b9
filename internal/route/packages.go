package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Distribution is what the host runs, by which its packages are called. The zero
// value is Debian.
type Distribution struct {
	Name   string // as people know it
	Family Family
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
}

// packages returns the table of packages. The first line that fits counts; of
// what is in no line, Debian's package is told.
func packages() []pack {
	return []pack{
		{Debian, KindIPXE, boot.X86, "ipxe"},
		{Debian, KindIPXE, boot.X64, "ipxe"},
		{Debian, KindIPXE, "", "ipxe from Debian 13 on"},
		{Debian, KindStub, "", "systemd-boot-efi"},
		{Debian, KindShim, "", "shim-signed"},
		{Debian, KindGRUB, boot.X64, "grub-efi-amd64-signed"},
		{Debian, KindGRUB, boot.ARM64, "grub-efi-arm64-signed"},
		{Fedora, KindIPXE, boot.X86, "ipxe-bootimgs-x86"},
		{Fedora, KindIPXE, boot.X64, "ipxe-bootimgs-x86"},
		{Fedora, KindIPXE, boot.ARM64, "ipxe-bootimgs-aarch64"},
		{Fedora, KindStub, "", "systemd-boot-unsigned"},
		{Fedora, KindShim, boot.X64, "shim-x64"},
		{Fedora, KindShim, boot.ARM64, "shim-aa64"},
		{Fedora, KindGRUB, boot.X64, "grub2-efi-x64"},
		{Fedora, KindGRUB, boot.ARM64, "grub2-efi-aa64"},
		{Arch, KindIPXE, boot.X86, "ipxe"},
		{Arch, KindIPXE, boot.X64, "ipxe"},
		{Arch, KindStub, boot.X64, "systemd"},
		{Alpine, KindStub, "", "systemd-efistub"},
		{OpenSUSE, KindIPXE, "", "ipxe-bootimgs"},
		{OpenSUSE, KindStub, "", "systemd-boot"},
		{OpenSUSE, KindShim, "", "shim"},
		{OpenSUSE, KindGRUB, boot.X64, "grub2-x86_64-efi"},
		{OpenSUSE, KindGRUB, boot.ARM64, "grub2-arm64-efi"},
	}
}

// Has says in which package this distribution has loaders of a kind for a machine of
// an architecture. Where it has none, Debian's package can be imported.
func (d Distribution) Has(kind Kind, a boot.Arch) string {
	if d.Family == "" {
		d = Distribution{"Debian", Debian}
	}
	for _, p := range packages() {
		if p.family != d.Family || p.kind != kind || p.arch != "" && p.arch != a {
			continue
		}
		name := p.name
		if kind == KindStub && p.arch == "" {
			name += ofArch(p.family, a)
		}
		return fmt.Sprintf("%s has it in package %s", d.Name, name)
	}
	if d.Family == Debian {
		return "spur loader import takes it from elsewhere"
	}
	return Distribution{}.Has(kind, a) + ", from which spur loader import takes it"
}

// ofArch tells the architecture of a package that has only what is for its own.
func ofArch(f Family, a boot.Arch) string {
	if f == Debian {
		return ":" + debianArch(a)
	}
	return " for " + string(a)
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
