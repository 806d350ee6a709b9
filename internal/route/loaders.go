package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Loader is one line of the table of loaders: a program between a machine's
// firmware and its payload.
type Loader struct {
	Name boot.Loader // as whom it asks once it runs
	// Builds are the files that it can be given out as.
	Builds []Build
	// Fetches are the protocols by which it can be told where the payload is.
	Fetches []Via
	// Brings are the forms of payloads that it can start, the best first.
	Brings []Form
	// Chains are those that it starts as well where it speaks already. Nobody is given
	// it for them: what spoke before starts them as it does.
	Chains []Form
	// Companions are files that must lie on this host with a build for the same
	// machines, and are served beside it.
	Companions []Companion
	// Next is the file that it is given once it speaks: what tells it what to
	// do, or the payload itself.
	Next File
	// Serves says what a file is for which it asks by a name of its own, which its
	// payload has; nil: it asks for none.
	Serves func(name string) File
	// Config tells whether a name below a boot's folder is one under which it looks
	// for its configuration, besides Next; nil: it looks for no other.
	Config func(name string) bool
	// ShortNames: it has little room for the names of files, which get short ones.
	ShortNames bool
	// Kind is what its builds are, by their content. One without a list of builds goes by
	// that alone, and is given out under a name of its own (Entry.Build).
	Kind Kind
	// Unable says why the one that speaks can't start a form, by what it says of
	// itself; empty where it can. nil: it can do all that its row says.
	Unable func(boot.Client, Form) string
	// Refuses says why it doesn't start a payload on a machine although the form
	// would do; empty where it does. nil: it starts whatever it brings.
	Refuses func(boot.Client, boot.Payload) string
	// Needs is what one of its binaries must be able to do for a form; nil where all of
	// them do all that its row says.
	Needs func(Form) boot.Features
	// Stops says at what a machine's boot would stop by one of its binaries that the
	// machine starts itself, fetched over a protocol, for a form; empty for nothing. nil: at
	// nothing.
	Stops func(Binary, boot.Client, Via, Form) string
}

// Build is a loader as one file, made for one kind of firmware.
type Build struct {
	File     string // its name in a boot's tree and in folders of loaders
	Firmware boot.Firmware
	Arch     boot.Arch
}

// Companion is a file without which a loader doesn't run, or doesn't bring a form.
type Companion struct {
	Build
	Since string // the first version of the loader that wants it
	For   Form   // that it is needed for; empty for all
	// Mark is a text in the first HeadMost bytes by which such a file is known; empty
	// where it is known by what it calls itself (SONAME).
	Mark string
}

// IPXEScript is the script that tells iPXE what to load.
const IPXEScript = "boot.ipxe"

// GPXEScript is the script that tells gPXE what to load.
const GPXEScript = "boot.gpxe"

// GRUBConfig is the configuration that tells GRUB what to load.
const GRUBConfig = "grub.cfg"

// LegacyConfig is the configuration that tells GRUB Legacy what to load.
const LegacyConfig = "menu.lst"

// LegacyProgram is the name under which every GRUB Legacy is given out.
const LegacyProgram = "pxegrub"

// The names under which every GRUB is given out that a machine starts without a shim,
// whatever it is called on this host.
const (
	GRUBForBIOS = "grub.0"
	GRUBForUEFI = "grub.efi"
)

// UBootScript is the script for which U-Boot asks (boot_script_dhcp in its
// include/config_distro_bootcmd.h).
const UBootScript = "boot.scr.uimg"

// PXELINUXConfig is the configuration that tells PXELINUX and Syslinux what to load.
const PXELINUXConfig = "pxelinux.cfg/default"

// EFIProgram is the program that UEFI firmware is given. HTTP Boot knows by the
// ending what it is (edk2: HttpBootSupport.c).
const EFIProgram = "boot.efi"

// Loaders returns the table of loaders.
func Loaders() []Loader {
	return []Loader{
		{
			Name: boot.IPXE, Kind: KindIPXE,
			Builds: []Build{
				{"undionly.kpxe", boot.BIOS, boot.X86}, // on the ROM's network driver
				{"ipxe.pxe", boot.BIOS, boot.X86},      // with drivers of its own
				{"snponly.efi", boot.UEFI, boot.X64},   // on the firmware's network driver
				{"ipxe.efi", boot.UEFI, boot.X64},      // with drivers of its own
				{"ipxe-arm64.efi", boot.UEFI, boot.ARM64},
				{"ipxe-riscv64.efi", boot.UEFI, boot.RISCV64},
				{"ipxe-loong64.efi", boot.UEFI, boot.LOONG64},
			},
			Fetches: []Via{HTTP, HTTPS, TFTP},
			Brings:  []Form{LinuxForm, ScriptForm, ProgramForm, MultibootForm, TaggedForm, XenForm, MemdiskForm, SANForm, WIMForm, MenuForm, InquiryForm},
			Chains:  []Form{NBPForm, FolderForm, LocalForm},
			Next:    File{Name: IPXEScript, Role: Script},
			Unable:  unableIPXE,
			Refuses: refusedByIPXE,
		},
		{
			// Of before 2010, in ROMs of that time: its successor is named above.
			Name: boot.GPXE, Fetches: []Via{HTTP, TFTP}, Brings: []Form{LinuxForm},
			Next: File{Name: GPXEScript, Role: Script}, Unable: unableIPXE, Refuses: unspeakableByGPXE,
		},
		{
			// Debian's, Ubuntu's, Fedora's and SUSE's go by their content, started by a shim or
			// by themselves.
			Name: boot.GRUB, Kind: KindGRUB, Fetches: []Via{HTTP, HTTPS, TFTP}, Brings: []Form{LinuxForm, ProgramForm, Multiboot2Form, MultibootForm, MemdiskForm, GRUBMemdiskForm, MenuForm},
			Chains: []Form{LocalForm},
			Next:   File{Name: GRUBConfig, Role: Script}, Refuses: unspeakable, Stops: stopsAlone, Needs: grubNeeds,
		},
		{
			// GRUB 0.97's pxegrub, which nobody builds any more, where people bring it.
			Name: boot.GRUBLegacy, Kind: KindGRUBLegacy, Fetches: []Via{TFTP}, Brings: []Form{LinuxForm},
			Next: File{Name: LegacyConfig, Role: Script}, Refuses: unfitForLegacy, Stops: stopsLegacy,
		},
		{
			// The firmware itself: UEFI 2.10 section 24.3.1 for TFTP, 24.7 for HTTP; of a
			// BIOS, PXE 2.1 section 4.4. What a payload brings has a name of its own.
			Name: boot.ROM, Fetches: []Via{HTTP, HTTPS, TFTP}, Brings: []Form{ProgramForm, UKIForm, NBPForm, FolderForm, DiskForm, LocalForm},
			Next: File{Name: EFIProgram, Role: Kernel},
		},
		{
			// lpxelinux.0 has a network of its own, with HTTP; pxelinux.0 has the ROM's TFTP.
			Name: boot.PXELINUX, Kind: KindPXELINUX,
			Builds: []Build{{"lpxelinux.0", boot.BIOS, boot.X86}, {"pxelinux.0", boot.BIOS, boot.X86}},
			Companions: []Companion{
				{Build: Build{"ldlinux.c32", boot.BIOS, boot.X86}, Since: "5", Mark: "\x00ldlinux.c32\x00"},
				{Build: Build{MultibootModule, boot.BIOS, boot.X86}, For: MultibootForm, Mark: "Usage: mboot.c32 "},
				{Build: Build{"libcom32.c32", boot.BIOS, boot.X86}, Since: "5", For: MultibootForm},
			},
			Fetches: []Via{HTTP, TFTP}, Brings: []Form{LinuxForm, ConfigForm, MultibootForm, TaggedForm, MemdiskForm, COM32Form, MenuForm}, Chains: []Form{LocalForm},
			Next: File{Name: PXELINUXConfig, Role: Script}, Config: isPXELINUXConfig, ShortNames: true, Refuses: unwritable,
		},
		{
			// syslinux.efi, which is PXELINUX where PXE has started it. That of 32 bits ends
			// with a reset when it starts a 64-bit kernel (in OVMF, with Debian's).
			Name: boot.Syslinux, Kind: KindSyslinux,
			Builds:     []Build{{"syslinux64.efi", boot.UEFI, boot.X64}},
			Companions: []Companion{{Build: Build{"ldlinux.e64", boot.UEFI, boot.X64}, Since: "5", Mark: "\x00ldlinux.e64\x00"}},
			Fetches:    []Via{TFTP}, Brings: []Form{LinuxForm, ConfigForm, COM32Form, MenuForm}, Chains: []Form{LocalForm},
			Next: File{Name: PXELINUXConfig, Role: Script}, Config: isPXELINUXConfig, ShortNames: true, Refuses: unwritable,
		},
		{
			// Spur's own, built from loader/ramdisk: for firmware that has no HTTP Boot.
			Name: boot.RAMDisk, Kind: KindRAMDisk, Fetches: []Via{HTTP, TFTP}, Brings: []Form{RAMDiskForm},
			Next: File{Name: RAMDiskConfig, Role: Script},
		},
		{
			// It speaks from the board's ROM or EEPROM, and fetches the rest of itself first.
			Name: boot.RPi, Kind: KindRPi,
			Builds:  []Build{{RPiStarter, boot.RPiFirmware, boot.ARM64}},
			Fetches: []Via{TFTP}, Brings: []Form{RPiForm, FolderForm},
			Next: File{Name: RPiConfig, Role: Script},
		},
		{
			// boot/pxe_utils.c loads what the configuration names.
			Name: boot.UBoot, Fetches: []Via{TFTP}, Brings: []Form{LinuxForm, ProgramForm},
			Next:   File{Name: UBootScript, Role: Script},
			Unable: deafToProxies, Refuses: unspeakableByUBoot,
		},
		{
			// U-Boot's EFI: boot/bootmeth_efi.c, bootcmd_dhcp before that.
			Name: boot.UBootEFI, Fetches: []Via{TFTP}, Brings: []Form{ProgramForm, UKIForm},
			Next:   File{Name: EFIProgram, Role: Kernel},
			Unable: deafToProxies,
		},
		{
			// A Mac's firmware with the booter of a NetBoot image.
			Name: boot.Apple, Fetches: []Via{TFTP}, Brings: []Form{NetBootForm},
			Next: File{Name: BooterFile, Role: NBP}, Serves: besideBooter,
		},
		{
			Name: boot.Memdisk, Kind: KindMemdisk,
			Builds: []Build{{MemdiskFile, boot.BIOS, boot.X86}},
		},
		{
			// Spur's own, built from loader/nbi.
			Name: boot.NBIStarter, Kind: KindNBIStarter,
			Builds: []Build{{NBIStarterFile, boot.BIOS, boot.X86}},
		},
		{
			// Started as a kernel on a BIOS, where those for x64 and x86 do (Identity.Hybrid).
			Name: boot.Wimboot, Kind: KindWimboot,
			Builds: []Build{
				{WimbootFile, boot.UEFI, boot.X64}, {WimbootFile, boot.UEFI, boot.X86}, {WimbootFile, boot.UEFI, boot.ARM64}, {WimbootFile, boot.BIOS, boot.X86},
			},
		},
		{
			Name: boot.Stub, Kind: KindStub,
			Builds: []Build{
				{"linuxx64.efi.stub", boot.UEFI, boot.X64},
				{"linuxaa64.efi.stub", boot.UEFI, boot.ARM64},
				{"linuxia32.efi.stub", boot.UEFI, boot.X86},
				{"linuxriscv64.efi.stub", boot.UEFI, boot.RISCV64},
				{"linuxloongarch64.efi.stub", boot.UEFI, boot.LOONG64},
				{"linuxarm.efi.stub", boot.UEFI, boot.ARM},
			},
		},
	}
}

// FindLoader returns a line of the table of loaders; the zero value for none.
func FindLoader(name boot.Loader) Loader {
	all := Loaders()
	if i := slices.IndexFunc(all, func(l Loader) bool { return l.Name == name }); i >= 0 {
		return all[i]
	}
	return Loader{}
}

// unableIPXE says why the iPXE that speaks can't start a form, or "". An NBP is what
// it is a ROM for.
func unableIPXE(c boot.Client, form Form) string {
	switch {
	case form == MenuForm && !c.Features.Has(boot.CanMenu):
		return "this iPXE says that it has no menus"
	case form == MenuForm, form == InquiryForm, form == LocalForm:
		return "" // what it can start, each item says
	case c.Firmware == boot.BIOS && slices.Contains([]Form{NBPForm, FolderForm}, form):
		return ""
	case form == MultibootForm && c.Features.Has(boot.CanMultiboot):
		return ""
	case form == MultibootForm:
		return "this iPXE says that it cannot start a Multiboot kernel"
	case c.Firmware == boot.BIOS && !c.Features.Has(boot.CanBzImage):
		return "this iPXE says that it cannot start a Linux kernel (it lacks bzImage)"
	case c.Firmware == boot.UEFI && !c.Features.Has(boot.CanEFI):
		return "this iPXE says that it cannot start EFI applications"
	}
	return ""
}

// unspeakable says what of a kernel's command line, or of what is said of its modules,
// GRUB can't say, or "".
func unspeakable(_ boot.Client, p boot.Payload) string {
	url := func(boot.File) string { return "http://192.0.2.1/" }
	var texts []string
	switch content := p.Content.(type) {
	case boot.Linux:
		texts = []string{content.Cmdline.Expand(url, "http://192.0.2.1/")}
	case boot.Multiboot:
		texts = content.Texts(url, "http://192.0.2.1/")
	}
	for _, text := range texts {
		if _, err := boot.KernelWords(text); err != nil {
			return fmt.Sprintf("%s can't be started by GRUB: %s", p.Title(), err)
		}
	}
	return ""
}

// unspeakableByGPXE says what of a kernel's command line gPXE can't say, or "". It joins
// the words of a command by single blanks (gPXE, imgfill_cmdline in its
// src/hci/commands/image_cmd.c), and has nothing by which to write more of them.
func unspeakableByGPXE(_ boot.Client, p boot.Payload) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return ""
	}
	url := func(boot.File) string { return "http://192.0.2.1/" }
	line := strings.TrimSpace(linux.Cmdline.Expand(url, "http://192.0.2.1/"))
	if strings.Contains(line, `"`) && strings.Join(strings.Fields(line), " ") != line {
		return fmt.Sprintf("%s can't be started by gPXE: its command line has quotes and several blanks in a row, of which gPXE makes one", linux.Title())
	}
	return ""
}

// noMixedMode says that iPXE starts a kernel as firmware would, for which the kernel
// must be of the firmware's own architecture; "" where it is.
func noMixedMode(c boot.Client, p boot.Payload) string {
	if l, ok := p.Content.(boot.Linux); ok && mixed(c, l) {
		return fmt.Sprintf("%s is a 64-bit kernel, which iPXE of 32 bits can't start", l.Title())
	}
	return ""
}
