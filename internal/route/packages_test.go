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
		{Distribution{"Ubuntu", Debian}, KindStub, boot.X64, "Ubuntu has it in package systemd-boot-efi:amd64"},
		{Distribution{}, KindIPXE, boot.ARM64, "Debian has it in package ipxe from Debian 13 on"},
		{Distribution{"Rocky Linux", Fedora}, KindIPXE, boot.X86, "Rocky Linux has it in package ipxe-bootimgs-x86"},
		{Distribution{"Fedora Linux", Fedora}, KindStub, boot.ARM64, "Fedora Linux has it in package systemd-boot-unsigned for arm64"},
		{Distribution{"Arch Linux", Arch}, KindStub, boot.X64, "Arch Linux has it in package systemd"},
		{Distribution{"Arch Linux", Arch}, KindShim, boot.X64, "Debian has it in package shim-signed, from which spur loader import takes it"},
		{Distribution{"Alpine Linux", Alpine}, KindIPXE, boot.X64, "Debian has it in package ipxe, from which spur loader import takes it"},
		{Distribution{"openSUSE", OpenSUSE}, KindGRUB, boot.X64, "openSUSE has it in package grub2-x86_64-efi"},
		{Distribution{}, KindGRUB, boot.RISCV64, "spur loader import takes it from elsewhere"},
	} {
		if got := tt.d.Has(tt.kind, tt.arch); got != tt.want {
			t.Errorf("%v, %s, %s: %s", tt.d, tt.kind, tt.arch, got)
		}
	}
}
