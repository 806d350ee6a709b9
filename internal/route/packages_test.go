package route

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestDistributionHas(t *testing.T) {
	for _, tt := range []struct {
		d    Distribution
		kind Kind
		arch boot.Arch
		want string
	}{
		{Distribution{}, KindIPXE, boot.X64, "Debian has it in package ipxe"},
		{Distribution{"Ubuntu", Debian, boot.X64}, KindStub, boot.X64, "Ubuntu has it in package systemd-boot-efi"},
		{Distribution{"Debian", Debian, boot.ARM64}, KindStub, boot.ARM64, "Debian has it in package systemd-boot-efi"},
		{Distribution{}, KindStub, boot.ARM64, "Debian has it in package systemd-boot-efi:arm64: " + foreign("systemd-boot-efi", "arm64")},
		{Distribution{"Debian", Debian, boot.ARM64}, KindStub, boot.X64, "Debian has it in package systemd-boot-efi:amd64: " + foreign("systemd-boot-efi", "amd64")},
		{Distribution{}, KindIPXE, boot.ARM64, "Debian has it in package ipxe from Debian 13 on, whose .deb spur loader import takes"},
		{Distribution{}, KindShim, boot.ARM64, "Debian has it in package shim-signed:arm64: " + foreign("shim-signed", "arm64")},
		{Distribution{}, KindShim, boot.RISCV64, "spur loader import takes it from elsewhere"},
		{Distribution{}, KindGRUB, boot.X86, "Debian has it in package grub-efi-ia32-signed:i386: " + foreign("grub-efi-ia32-signed", "i386")},
		{Distribution{"Rocky Linux", Fedora, boot.X64}, KindIPXE, boot.X86, "Rocky Linux has it in package ipxe-bootimgs-x86"},
		{Distribution{"Fedora Linux", Fedora, boot.X64}, KindStub, boot.ARM64, "Fedora Linux has it in package systemd-boot-unsigned for arm64, from which spur loader import takes it"},
		{Distribution{"Arch Linux", Arch, boot.X64}, KindStub, boot.X64, "Arch Linux has it in package systemd"},
		{Distribution{"Arch Linux", Arch, boot.X64}, KindStub, boot.ARM64, "Debian has it in package systemd-boot-efi:arm64, from which spur loader import takes it"},
		{Distribution{"Arch Linux", Arch, boot.X64}, KindShim, boot.X64, "Debian has it in package shim-signed, from which spur loader import takes it"},
		{Distribution{"Alpine Linux", Alpine, boot.X64}, KindIPXE, boot.X64, "Debian has it in package ipxe, from which spur loader import takes it"},
		{Distribution{"Alpine Linux", Alpine, boot.ARM64}, KindIPXE, boot.ARM64, "Debian has it in package ipxe from Debian 13 on, whose .deb spur loader import takes"},
		{Distribution{"openSUSE", OpenSUSE, boot.X64}, KindGRUB, boot.X64, "openSUSE has it in package grub2-x86_64-efi"},
		{Distribution{"openSUSE", OpenSUSE, boot.X64}, KindGRUB, boot.ARM64, "openSUSE has it in package grub2-arm64-efi"},
		{Distribution{}, KindRPi, boot.ARM64, "Debian has it in package raspi-firmware (component non-free-firmware)"},
		{Distribution{"Fedora Linux", Fedora, boot.X64}, KindRPi, boot.ARM64, "Debian has it in package raspi-firmware (component non-free-firmware); unpack that, and name the folder usr/lib/raspi-firmware in it with --loaders"},
		{Distribution{}, KindPXELINUX, boot.X86, "Debian has it in package pxelinux"},
		{Distribution{}, KindLdlinux, boot.X64, "Debian has it in package syslinux-common"},
		{Distribution{"Fedora Linux", Fedora, boot.X64}, KindSyslinux, boot.X86, "Debian has it in package syslinux-efi, from which spur loader import takes it"},
		{Distribution{"Fedora Linux", Fedora, boot.X64}, KindLdlinux, boot.X86, "Fedora Linux has it in package syslinux-nonlinux"},
		{Distribution{"Alpine Linux", Alpine, boot.X64}, KindPXELINUX, boot.X86, "Alpine Linux has it in package syslinux"},
		{Distribution{}, KindGRUB, boot.RISCV64, "spur loader import takes it from elsewhere"},
	} {
		if got := tt.d.Has(tt.kind, tt.arch); got != tt.want {
			t.Errorf("%v, %s, %s: %s", tt.d, tt.kind, tt.arch, got)
		}
	}
}

// foreign is what is to be done for a package of another architecture than the host's.
func foreign(name, arch string) string {
	return "apt-get download " + name + ":" + arch + " after dpkg --add-architecture " + arch + " and apt-get update, or get it from packages.debian.org; then spur loader import FILE.deb"
}
