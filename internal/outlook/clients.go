package outlook

import (
	"cmp"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/identify"
)

// everyClient lists the kinds of machines that the route table knows apart, of
// the architecture that a payload is for.
func everyClient(p boot.Payload) []boot.Client {
	if images, ok := p.Content.(boot.NetBoot); ok {
		return everyMac(images)
	}
	var all []boot.Client
	arches := archesOf(p)
	for _, arch := range arches {
		all = append(all, append(everyUEFI(arch), everyUBoot(arch)...)...)
	}
	if slices.Contains(arches, boot.X64) || slices.Contains(arches, boot.X86) {
		bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
		if disk, ok := p.Content.(boot.Disk); ok && !disk.BIOS {
			return append(all, everySpeaker(bios)...) // of what is in the way, that of UEFI is said first
		}
		all = append(everySpeaker(bios), all...)
	}
	return all
}

// archesOf are the architectures of machines that a payload may be for: x64 if it
// says nothing, and of a folder or a menu, which may well be for others too.
func archesOf(p boot.Payload) []boot.Arch {
	if disk, ok := p.Content.(boot.Disk); ok {
		return archesOfDisk(disk)
	}
	if forUBoot(p) && p.Arch() == "" {
		return []boot.Arch{boot.ARM, boot.ARM64, boot.RISCV64}
	}
	all := []boot.Arch{boot.X64}
	add := func(arch boot.Arch) {
		if !slices.Contains(all, arch) {
			all = append(all, arch)
		}
	}
	switch content := p.Content.(type) {
	case boot.Folder:
		for _, program := range content.Programs {
			if program.Firmware != boot.BIOS {
				add(program.Arch)
			}
		}
	case boot.Menu:
		for _, i := range content.Items {
			for _, arch := range archesOf(i.Payload) {
				add(arch)
			}
		}
	default:
		return []boot.Arch{cmp.Or(p.Arch(), boot.X64)}
	}
	return all
}

// forUBoot tells whether a payload is an image of U-Boot's own.
func forUBoot(p boot.Payload) bool {
	linux, ok := p.Content.(boot.Linux)
	return ok && linux.Abilities.UBoot
}

// everyUEFI lists those with UEFI firmware.
func everyUEFI(arch boot.Arch) []boot.Client {
	pxe := boot.Client{Firmware: boot.UEFI, Arch: arch, Proto: boot.PXE, Loader: boot.ROM}
	http := pxe
	http.Proto = boot.HTTP
	all := append(everySpeaker(pxe), http)
	if arch == boot.ARM64 {
		all = append(all, identify.RaspberryPi(boot.MAC{}))
	}
	return all
}

// everyUBoot lists boards with U-Boot, as which it asks for a script and for an EFI
// application, of the architectures of which there are some.
func everyUBoot(arch boot.Arch) []boot.Client {
	if arch != boot.ARM && arch != boot.ARM64 && arch != boot.RISCV64 {
		return nil
	}
	script := boot.Client{Firmware: boot.Board, Arch: arch, Proto: boot.PXE, Loader: boot.UBoot}
	efi := script
	efi.Firmware = boot.UEFI
	return []boot.Client{script, efi}
}

// everySpeaker is a machine whose ROM speaks, and what it becomes with iPXE.
func everySpeaker(rom boot.Client) []boot.Client {
	ipxe := rom
	ipxe.Loader, ipxe.Features = boot.IPXE, boot.UsualIPXE
	without := ipxe
	without.Features &^= boot.CanHTTP
	return []boot.Client{rom, ipxe, without}
}

// everyMac are the Macs that images have a booter for.
func everyMac(images boot.NetBoot) []boot.Client {
	var all []boot.Client
	for _, c := range []boot.Client{{Firmware: boot.UEFI, Arch: boot.X64}, {Firmware: boot.OpenFirmware, Arch: boot.PPC}} {
		if slices.Contains(images.Archs(), c.NetBootArch()) {
			c.Proto, c.Loader = boot.BSDP, boot.Apple
			all = append(all, c)
		}
	}
	return all
}

// Speaker says who a client is that asks: the program that speaks, and over what.
func Speaker(c boot.Client) string {
	who := speaker(c)
	if c.IPv6 {
		who += " over IPv6"
	}
	return who
}

func speaker(c boot.Client) string {
	switch {
	case c.Loader == boot.GPXE:
		return "gPXE"
	case c.Loader == boot.UBoot:
		return "U-Boot"
	case c.Loader == boot.Apple:
		return "Apple's NetBoot"
	case c.Loader != boot.IPXE && c.Proto == boot.HTTP:
		return "its HTTP Boot"
	case c.Loader == boot.RPi:
		return "its bootloader"
	case c.Loader != boot.IPXE:
		return "its ROM"
	case !c.Features.Has(boot.CanHTTP):
		return "iPXE without HTTP"
	case !c.Features.Has(boot.CanBzImage):
		return "iPXE without bzImage"
	case c.Features.Has(boot.CanHTTPS):
		return "iPXE with HTTPS"
	}
	return "iPXE with HTTP"
}
