package route

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/sbat"
)

// Kind is what a file is that firmware, or what firmware has started, can start.
type Kind string

// The kinds of files that are told apart.
const (
	KindIPXE        Kind = "iPXE"
	KindIPXEKernel  Kind = "iPXE as a kernel" // ipxe.lkrn, for what starts Linux
	KindShim        Kind = "shim"
	KindMokManager  Kind = "MokManager"
	KindFallback    Kind = "fallback" // shim's fbx64.efi, which makes boot entries
	KindGRUB        Kind = "GRUB"
	KindGRUBLegacy  Kind = "GRUB Legacy"
	KindStub        Kind = "systemd-stub"
	KindAddon       Kind = "systemd-addon"
	KindSystemdBoot Kind = "systemd-boot"
	KindUKI         Kind = "UKI"
	KindLinux       Kind = "Linux"
	KindSyslinux    Kind = "Syslinux"
	KindPXELINUX    Kind = "PXELINUX"
	KindLdlinux     Kind = "ldlinux"         // the part of Syslinux that its loaders load
	KindModule      Kind = "Syslinux module" // another one, which they load for some payloads
	KindMemtest     Kind = "Memtest86+"
	KindRPi         Kind = "Raspberry Pi firmware" // start4.elf, for the processor that starts the others
	KindREFInd      Kind = "rEFInd"
	KindMemdisk     Kind = "MEMDISK"          // starts a disk that it gets as its initrd
	KindWimboot     Kind = "wimboot"          // starts an image of Windows PE that it gets as an initrd
	KindRAMDisk     Kind = "RAM-disk program" // Spur's own
	KindNBIStarter  Kind = "NBI starter"      // Spur's own
	KindShell       Kind = "UEFI shell"
	KindEFI         Kind = "EFI application" // another
	KindDriver      Kind = "EFI driver"
)

// Beside tells whether a file of a kind is there to be loaded from beside a loader.
func (k Kind) Beside() bool { return k == KindLdlinux || k == KindModule }

// Drivers says whose network drivers an iPXE has.
type Drivers string

// A build of iPXE has drivers of its own, or goes through the firmware's.
const (
	OwnDrivers      Drivers = "own"
	FirmwareDrivers Drivers = "firmware"
)

// Identity is what a file is, by its content and not by its name.
type Identity struct {
	Kind     Kind
	Firmware boot.Firmware
	Arch     boot.Arch
	// Version is what it calls itself; empty where it doesn't show, as in what is
	// compressed.
	Version string
	// Vendor is who built it, as its SBAT data say.
	Vendor     string
	Signatures []Signature // in their order in the file
	SBAT       []sbat.Entry
	// Faults say what of it is damaged, each as a clause about "it". What can't be read
	// is missing from the rest: a file whose signatures are damaged is an unsigned one,
	// to firmware too.
	Faults []string
	// Levels are what a shim demands of what it starts.
	Levels *sbat.Levels
	// Vouches are the names of the certificates that a shim brings: it starts what
	// they have signed.
	Vouches []string
	// Prefix is the folder in which a GRUB looks for its configuration, such as
	// "/grub".
	Prefix string
	// Drivers are those of an iPXE; empty where that doesn't show.
	Drivers Drivers
	// Hybrid: an EFI application that loaders on a BIOS start too, as a Linux kernel.
	Hybrid bool
	// Features are what it can do; 0 where that doesn't show.
	Features boot.Features
}

// Platform names the machines for which a file is.
func (i Identity) Platform() string {
	platform := boot.Client{Firmware: i.Firmware, Arch: i.Arch}.Platform()
	if i.Hybrid {
		return platform + " and a BIOS"
	}
	return platform
}

// Signature is one that a file has.
type Signature struct {
	Signer string // the common name of the certificate
	Issuer string // who issued it
	Fault  string // why the signature is wrong; empty for a right one
}

// Signed tells whether a file has a signature that is right. Whether a machine
// trusts its signer is the machine's affair.
func (i Identity) Signed() bool {
	return slices.ContainsFunc(i.Signatures, func(s Signature) bool { return s.Fault == "" })
}

// The names of the certificates by which Microsoft vouches for other people's EFI
// applications. Firmware has the first, the second or both.
const (
	MicrosoftCA2011 = "Microsoft Corporation UEFI CA 2011"
	MicrosoftCA2023 = "Microsoft UEFI CA 2023"
)

// IssuedBy tells whether a right signature is by a certificate of this issuer.
func (i Identity) IssuedBy(issuer string) bool {
	return slices.ContainsFunc(i.Signatures, func(s Signature) bool { return s.Fault == "" && s.Issuer == issuer })
}
