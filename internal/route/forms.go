package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Form is what a loader is handed in the end.
type Form string

// The forms in which payloads are served.
const (
	LinuxForm   Form = "linux"  // a kernel, its initrds and a command line, as files of their own
	ScriptForm  Form = "script" // an iPXE script of the operator's, and what it names
	ProgramForm Form = "efi"    // an EFI application as it is
	UKIForm     Form = "uki"    // a kernel and what goes with it, made one EFI application
	RPiForm     Form = "rpi"    // a kernel and what goes with it, beside a Raspberry Pi's firmware
	// A kernel by the Multiboot Specification and its modules as files of their own, as
	// its first or its second version has them loaded.
	MultibootForm  Form = "multiboot"
	Multiboot2Form Form = "multiboot2"

	TaggedForm  Form = "tagged"  // a tagged image, behind what makes it a kernel for a BIOS
	XenForm     Form = "xen"     // xen.efi, its configuration, and what that names beside it
	COM32Form   Form = "com32"   // a module of Syslinux, with what it asks for beside itself
	NBPForm     Form = "nbp"     // a flat program as it is, with what it asks for beside itself
	ConfigForm  Form = "config"  // a folder's pxelinux.cfg, with all that is in the folder
	FolderForm  Form = "folder"  // what a folder has for the machine, with all that is in the folder
	NetBootForm Form = "netboot" // Apple's: a booter, and beside it what that asks for
	DiskForm    Form = "disk"    // a disk as it is, of which firmware makes a RAM disk
	RAMDiskForm Form = "ramdisk" // a disk, and what Spur's RAM-disk program is told of it
	MemdiskForm Form = "memdisk" // a disk as the initrd of MEMDISK
	// A disk in the image of GRUB that the machine is given, as by grub-mkimage --memdisk.
	GRUBMemdiskForm Form = "grub-memdisk"
	WIMForm         Form = "wim"     // an image of Windows PE, and what goes with it, by wimboot
	SANForm         Form = "san"     // a disk that is read while the machine needs it
	MenuForm        Form = "menu"    // what to choose from, drawn by the loader
	InquiryForm     Form = "inquiry" // a question for the machine's serial number
	LocalForm       Form = "local"   // nothing: the firmware goes on to its disk
)

// FormRow is one line of the table of forms.
type FormRow struct {
	Kind boot.Kind // what the payload is
	Form Form      // what it can be served as
	// With is what this host must have of the machine's architecture to put the
	// form together; empty for nothing.
	With boot.Loader
	// Firmware is for what alone there is such a form; empty for any.
	Firmware boot.Firmware
	// Obstacle says why this payload can't run in this form on this machine;
	// empty where it can. A machine is judged by its firmware and architecture,
	// whoever speaks; the host says whether what it gets is signed.
	Obstacle func(boot.Client, boot.Payload, Host) string
	// Needs is about how much memory a machine needs for a payload that comes like this,
	// in bytes; 0 where that is not known. nil: it isn't loaded as a whole, or nothing is
	// known of what loads it.
	Needs func(boot.Client, boot.Payload) int64
}

// Forms returns the table of forms, the best first for each kind of payload.
func Forms() []FormRow {
	return []FormRow{
		{Kind: boot.KindLinux, Form: LinuxForm, Obstacle: unfitKernel, Needs: kernelNeeds},
		{Kind: boot.KindLinux, Form: UKIForm, With: boot.Stub, Obstacle: unfitUKI, Needs: ukiNeeds},
		{Kind: boot.KindLinux, Form: ProgramForm, Obstacle: unfitAlone, Needs: kernelNeeds},
		{Kind: boot.KindLinux, Form: RPiForm, With: boot.RPi, Obstacle: unfitRPi, Needs: kernelNeeds},
		{Kind: boot.KindScript, Form: ScriptForm, Obstacle: none},
		{Kind: boot.KindMultiboot, Form: Multiboot2Form, Obstacle: unfitMultiboot2, Needs: multibootNeeds},
		{Kind: boot.KindMultiboot, Form: MultibootForm, Obstacle: unfitMultiboot1, Needs: multibootNeeds},
		{Kind: boot.KindTagged, Form: TaggedForm, With: boot.NBIStarter, Obstacle: unfitTagged, Needs: taggedNeeds},
		{Kind: boot.KindXen, Form: XenForm, Obstacle: unfitXen, Needs: xenNeeds},
		{Kind: boot.KindXen, Form: DiskForm, Obstacle: unfitXenHTTPBoot, Needs: xenNeeds},
		{Kind: boot.KindXen, Form: RAMDiskForm, Obstacle: unfitXenDisk, Needs: xenNeeds},
		{Kind: boot.KindCOM32, Form: COM32Form, Obstacle: unfitCOM32},
		{Kind: boot.KindEFI, Form: ProgramForm, Obstacle: foreignProgram},
		{Kind: boot.KindNBP, Form: NBPForm, Obstacle: foreignNBP},
		{Kind: boot.KindFolder, Form: FolderForm, Obstacle: unfitFolder},
		{Kind: boot.KindFolder, Form: ConfigForm, Obstacle: unconfigured},
		{Kind: boot.KindNetBoot, Form: NetBootForm, Obstacle: noBooter},
		{Kind: boot.KindDisk, Form: MemdiskForm, With: boot.Memdisk, Obstacle: unfitMemdisk, Needs: diskNeeds},
		{Kind: boot.KindDisk, Form: DiskForm, Obstacle: unfitHTTPBoot, Needs: diskNeeds},
		{Kind: boot.KindDisk, Form: RAMDiskForm, Obstacle: unfitRAMDisk, Needs: diskNeeds},
		{Kind: boot.KindDisk, Form: SANForm, Obstacle: unfitSAN},
		{Kind: boot.KindDisk, Form: GRUBMemdiskForm, Firmware: boot.UEFI, Obstacle: unfitGRUBMemdisk, Needs: grubMemdiskNeeds},
		{Kind: boot.KindWIM, Form: WIMForm, With: boot.Wimboot, Obstacle: unfitWIM, Needs: wimNeeds},
		{Kind: boot.KindMenu, Form: MenuForm, Obstacle: none},
		{Kind: boot.KindInquiry, Form: InquiryForm, Obstacle: none},
		{Kind: boot.KindLocal, Form: LocalForm, Obstacle: unfitLocal},
	}
}

// none is the obstacle of what runs anywhere.
func none(boot.Client, boot.Payload, Host) string { return "" }

// unfitKernel says why this machine can't run the payload's kernel, or "".
func unfitKernel(c boot.Client, p boot.Payload, host Host) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return fmt.Sprintf("%s is no Linux kernel", p.Title())
	}
	if linux.Abilities.UBoot && c.Loader != boot.UBoot {
		return fmt.Sprintf("%s is an image for U-Boot, which nothing else starts", linux.Title())
	}
	if why := foreignKernel(c, linux); why != "" {
		return why
	}
	if linux.Abilities.Known && host.unsigned(c, linux.Abilities.Signed) {
		return fmt.Sprintf("%s isn't signed, and with Secure Boot no kernel starts that is not", linux.Title())
	}
	return notForEFI(c, linux)
}

// mostUKI is what kernel and initrds may have for a unified kernel image: sizes in
// a PE file have 32 bits, and the stub takes some hundred KiB.
const mostUKI = 4<<30 - 1<<20

// unfitUKI says why a kernel can't become one EFI application with the stub of
// this machine, or "". The stub starts the kernel as firmware would, and unpacks
// none: Spur does.
func unfitUKI(c boot.Client, p boot.Payload, host Host) string {
	if c.Firmware != boot.UEFI {
		return startsNoKernel(c)
	}
	if why := unfitKernel(c, p, host); why != "" {
		return why
	}
	if p.Content.(boot.Linux).Room.Fetched() > mostUKI {
		return fmt.Sprintf("%s and its initrds have more than 4 GiB, which no EFI application can have", p.Title())
	}
	if host.unsigned(c, false) {
		return "what Spur puts together isn't signed, and Secure Boot starts only what is"
	}
	if p.Content.(boot.Linux).Abilities.UBoot {
		return fmt.Sprintf("%s is an image for U-Boot, and no kernel that UEFI firmware starts", p.Title())
	}
	if l := p.Content.(boot.Linux); l.Abilities.NoUKI {
		return fmt.Sprintf("%s is started by firmware, but not by the stub that would bring it a command line", l.Title())
	}
	return ""
}

// unfitAlone says why a kernel can't be given to firmware as the EFI application that it
// is, or "". Firmware tells it nothing, so that only a kernel goes this way that no stub
// starts, and of which nothing has to be told.
func unfitAlone(c boot.Client, p boot.Payload, host Host) string {
	if why := unfitKernel(c, p, host); why != "" {
		return why
	}
	switch l := p.Content.(boot.Linux); {
	case c.Firmware != boot.UEFI:
		return startsNoKernel(c)
	case !l.Abilities.NoUKI:
		return fmt.Sprintf("%s needs its command line, which firmware doesn't tell it", l.Title())
	case len(l.Initrds) > 0 || !l.Cmdline.Empty():
		return fmt.Sprintf("%s is started by firmware without a command line and initrds, and there are some", l.Title())
	}
	return ""
}

// startsNoKernel says of firmware that starts no EFI applications what a kernel needs there.
func startsNoKernel(c boot.Client) string {
	if c.Firmware == boot.BIOS {
		return "a BIOS starts no kernel by itself, but by a loader"
	}
	return "only UEFI firmware starts a kernel as an EFI application"
}

// foreignProgram says why an EFI application is none for this machine, or "".
func foreignProgram(c boot.Client, p boot.Payload, host Host) string {
	program, ok := p.Content.(boot.EFI)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no EFI application", p.Title())
	case c.Firmware == boot.BIOS:
		return fmt.Sprintf("%s is an EFI application, and the machine has a BIOS", program.Title())
	case host.unsigned(c, program.Signed):
		return notSigned(program.Title())
	case program.Arch != "" && c.FirmwareArch() != "" && program.Arch != c.Arch:
		return fmt.Sprintf("%s is an EFI application for %s, the machine is %s", program.Title(), program.Arch, c.Arch)
	}
	return wordlessBoard(c, program.Arch, program.Title())
}

// foreignKernel says why a kernel is none for this architecture, or "". A BIOS
// machine calls itself x86 even where its processor is 64-bit, and firmware of 32
// bits may well be on such a processor: only an attempt tells.
func foreignKernel(c boot.Client, l boot.Linux) string {
	switch {
	case c.Arch == "":
		return wordlessBoard(c, l.Arch, l.Title())
	case l.Arch == "" || l.Arch == c.Arch || (c.Firmware == boot.BIOS && l.Arch == boot.X64):
		return ""
	case mixed(c, l) && l.Abilities.EFIMixed:
		return ""
	case mixed(c, l):
		return fmt.Sprintf("%s is a 64-bit kernel without an entry for firmware of 32 bits (CONFIG_EFI_MIXED), which this machine has", l.Title())
	}
	if l.Kernel.Inside != "" {
		return fmt.Sprintf("%s has a kernel for %s, the machine is %s", l.Title(), l.Arch, c.Arch)
	}
	return fmt.Sprintf("%s is a kernel for %s, the machine is %s", l.Title(), l.Arch, c.Arch)
}

// mixed tells whether a kernel has 64 bits and the firmware 32 (EFI mixed mode).
func mixed(c boot.Client, l boot.Linux) bool {
	return c.Firmware == boot.UEFI && c.Arch == boot.X86 && l.Arch == boot.X64
}

// notForEFI says why UEFI firmware can't start a kernel, or "". One in a gzip file Spur
// unpacks.
func notForEFI(c boot.Client, l boot.Linux) string {
	kernel := l.Abilities
	switch {
	case c.Firmware != boot.UEFI || !kernel.Known || kernel.UBoot:
		return ""
	case !kernel.EFIStub:
		return fmt.Sprintf("%s has no EFI stub (CONFIG_EFI_STUB), without which UEFI firmware starts no kernel", l.Title())
	}
	return ""
}
