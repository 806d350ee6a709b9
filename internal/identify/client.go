package identify

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pxe"
)

// Client translates what a DHCP request says into the vocabulary of boots.
func Client(r pxe.Request, p dhcp.Packet) boot.Client {
	c := boot.Client{
		Proto: boot.PXE, Loader: boot.ROM,
		Interface: p.Interface.Name, VLAN: p.Interface.VLAN, Server: p.Server, Relay: p.Relay(),
	}
	copy(c.MAC[:], r.MAC)
	copy(c.Sender[:], p.FromMAC)
	if r.HasUUID {
		c.UUID = r.UUID
	}
	c.Firmware, c.Arch = platform(r.Arch())
	if r.Class == pxe.HTTPClient {
		c.Proto = boot.HTTP
	}
	if r.BootItem != nil {
		c.Item = uint16(r.BootItem.Type)
	}
	switch r.Speaker {
	case pxe.IPXE:
		// iPXE fetches by itself, whatever protocol its ROM was started by.
		c.Loader, c.Proto, c.Features = boot.IPXE, boot.PXE, features(*r.IPXE)
	case pxe.GPXE:
		c.Loader, c.Proto, c.Features = boot.GPXE, boot.PXE, features(*r.IPXE)
	case pxe.GRUB:
		c.Loader = boot.GRUB
	case pxe.UBoot:
		c.Loader = boot.UBoot
		if r.Class != pxe.PXEClient {
			c.Firmware, c.Arch = boot.Board, boardArch(r.Archs)
		}
	case pxe.RPi:
		// Those that boot over a network have 64 bits.
		c.Loader, c.Firmware, c.Arch = boot.RPi, boot.RPiFirmware, boot.ARM64
		c.Model, c.Serial = r.Model, r.Serial
	case pxe.Apple:
		c.Loader, c.Proto = boot.Apple, boot.BSDP
		c.Firmware, c.Arch = macPlatform(r.ClassID)
	}
	return c
}

// platform translates option 93. Most machines that say EBC are x64: RFC 4578's
// table and its erratum give the number 9 to different architectures.
func platform(a pxe.Arch) (boot.Firmware, boot.Arch) {
	if a.BIOS() {
		return boot.BIOS, boot.X86
	}
	switch a {
	case pxe.ArchX86, pxe.ArchX86HTTP:
		return boot.UEFI, boot.X86
	case pxe.ArchX64, pxe.ArchX64HTTP, pxe.ArchEBC, pxe.ArchEBCHTTP:
		return boot.UEFI, boot.X64
	case pxe.ArchARM, pxe.ArchARMHTTP:
		return boot.UEFI, boot.ARM
	case pxe.ArchARM64, pxe.ArchARM64HTTP:
		return boot.UEFI, boot.ARM64
	case pxe.ArchRISCV32, pxe.ArchRISCV32HTTP:
		return boot.UEFI, boot.RISCV32
	case pxe.ArchRISCV64, pxe.ArchRISCV64HTTP:
		return boot.UEFI, boot.RISCV64
	case pxe.ArchLoong64, pxe.ArchLoong64HTTP:
		return boot.UEFI, boot.LOONG64
	case pxe.ArchItanium:
		return boot.UEFI, boot.IA64
	}
	return "", ""
}

// boardArch is the architecture of a U-Boot that boots by itself; empty where it
// doesn't say, which that for ARM does.
func boardArch(archs []pxe.Arch) boot.Arch {
	switch {
	case slices.Contains(archs, pxe.ArchARMUBoot):
		return boot.ARM
	case slices.Contains(archs, pxe.ArchARM64UBoot):
		return boot.ARM64
	}
	return ""
}

// features translates option 175. An iPXE that says nothing of itself, because
// somebody filters the option, has what every iPXE has, and HTTP perhaps not.
func features(f pxe.Features) boot.Features {
	if f == (pxe.Features{}) {
		return boot.UsualIPXE &^ boot.CanHTTP
	}
	var set boot.Features
	for flag, has := range map[boot.Features]bool{
		boot.CanHTTP: f.HTTP, boot.CanHTTPS: f.HTTPS, boot.CanTFTP: f.TFTP,
		boot.CanISCSI: f.ISCSI, boot.CanAOE: f.AOE, boot.CanMenu: f.Menu,
		boot.CanBzImage: f.BzImage, boot.CanEFI: f.EFI, boot.CanMultiboot: f.Multiboot,
	} {
		if has {
			set |= flag
		}
	}
	return set
}
