package route

import (
	"slices"

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
