package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// MultibootModule is the module of Syslinux that starts Multiboot kernels.
const MultibootModule = "mboot.c32"

// unfitMultiboot1 says why a machine can't start a kernel by the first version of the
// Multiboot Specification, or "".
func unfitMultiboot1(c boot.Client, p boot.Payload, host Host) string {
	kernel, ok := p.Content.(boot.Multiboot)
	if ok && !kernel.First {
		if why := unfitMultiboot2(c, p, host); why != "" {
			return why
		}
		return fmt.Sprintf("%s has a header of version 2 of the Multiboot Specification alone, by which only GRUB starts it", p.Title())
	}
	return unfitMultiboot(c, p, host)
}

// unfitMultiboot2 says the same of the second version.
func unfitMultiboot2(c boot.Client, p boot.Payload, host Host) string {
	kernel, ok := p.Content.(boot.Multiboot)
	if ok && !kernel.Second {
		return fmt.Sprintf("%s has no header of version 2 of the Multiboot Specification", p.Title())
	}
	if why := unfitMultiboot(c, p, host); why != "" {
		return why
	}
	if !kernel.StartsBySecond(c) {
		return fmt.Sprintf("%s says where it begins to run on UEFI of 64 bits alone (tag 9 of its header of Multiboot 2), and the machine is %s; give the header an entry address tag (type 3) for all machines", p.Title(), c.Platform())
	}
	return ""
}

// unfitMultiboot says why a machine can start no Multiboot kernel, or "". GRUB has
// locked its commands for them where Secure Boot is on (grub_cmd_multiboot is registered
// by grub_register_command_lockdown in its grub-core/loader/multiboot.c).
// Xen stops on UEFI firmware of 32 bits ("EFI IA-32 platforms are not supported" in its
// xen/arch/x86/boot/head.S).
func unfitMultiboot(c boot.Client, p boot.Payload, _ Host) string {
	kernel, ok := p.Content.(boot.Multiboot)
	if !ok {
		return fmt.Sprintf("%s is no Multiboot kernel", p.Title())
	}
	switch {
	case c.Firmware != boot.BIOS && c.Firmware != boot.UEFI || c.Firmware == boot.UEFI && c.Arch != boot.X64 && c.Arch != boot.X86:
		return fmt.Sprintf("%s is a Multiboot kernel, which runs on PCs alone, and the machine is %s", p.Title(), c.Platform())
	case kernel.Xen && c.Firmware == boot.UEFI && c.Arch == boot.X86:
		return fmt.Sprintf("%s is Xen, which stops on UEFI firmware of 32 bits; if the machine can boot as a BIOS, switch that on in its setup", p.Title())
	case c.SecureBoot:
		return fmt.Sprintf("%s is a Multiboot kernel, which can't be signed, and with Secure Boot on GRUB starts none", p.Title())
	}
	return ""
}

// grubNeeds is what a GRUB must have for a form.
func grubNeeds(f Form) boot.Features {
	switch f {
	case MultibootForm:
		return boot.CanMultiboot
	case Multiboot2Form:
		return boot.CanMultiboot2
	case GRUBMemdiskForm:
		return boot.CanMemdisk
	}
	return 0
}

// refusedByIPXE says why iPXE doesn't start a payload, or "".
func refusedByIPXE(c boot.Client, p boot.Payload) string {
	if kernel, ok := p.Content.(boot.Multiboot); ok {
		return refusesMultiboot(c, kernel)
	}
	return noMixedMode(c, p)
}

// What iPXE has room for (MAX_MODULES and MB_MAX_CMDLINE in its
// src/arch/x86/image/multiboot.c): modules, and of what kernel and modules are told.
const (
	ipxeModules = 8
	ipxeTexts   = 512
)

// refusesMultiboot says why iPXE doesn't start a Multiboot kernel, or "". It cuts off
// what it has no room for.
func refusesMultiboot(c boot.Client, m boot.Multiboot) string {
	switch {
	case c.Firmware != boot.BIOS:
		return "iPXE for UEFI starts no Multiboot kernel"
	case m.Wide:
		return fmt.Sprintf("%s is an ELF file of 64 bits, of which iPXE loads none; give the header the addresses (flag 16)", m.Title())
	case len(m.Modules) > ipxeModules:
		return fmt.Sprintf("%s has %d modules, and iPXE loads %d", m.Title(), len(m.Modules), ipxeModules)
	}
	n := 0
	urls := longestURLs(m.Loaded())
	for i, text := range m.Texts(longestURL, longestBeacon()) {
		n += len(urls[i]) + len(" ") + len(text) + len("\x00")
	}
	if n > ipxeTexts {
		return fmt.Sprintf("what %s and its modules are told has up to %d bytes with the URLs of the files, of which iPXE takes %d", m.Title(), n, ipxeTexts)
	}
	return ""
}
