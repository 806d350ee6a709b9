package boot

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// MAC is a machine's Ethernet address. Unlike net.HardwareAddr it can be
// compared and used as a key.
type MAC [6]byte

// ParseMAC reads an address in any of the forms of net.ParseMAC.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != 6 {
		return MAC{}, fmt.Errorf("%q is no Ethernet address; it looks like 52:54:00:12:34:56", s)
	}
	return MAC(hw), nil
}

// String writes the address in lower case with colons.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// MarshalText makes a MAC readable in JSON, also as a key.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (m *MAC) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMAC(string(text))
	return err
}

// UUID is a machine's SMBIOS identifier (RFC 4578 section 2.3). The zero value
// means that the machine did not tell it.
type UUID [16]byte

// String writes the identifier in the order of its bytes on the wire.
func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// ParseUUID reads an identifier as String writes it, also without hyphens.
func ParseUUID(s string) (u UUID, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(u) {
		return u, fmt.Errorf("%q is no UUID; it looks like 4c4c4544-0051-3510-8052-b4c04f4b3132", s)
	}
	return UUID(b), nil
}

// IsZero tells whether the machine kept its identifier to itself.
func (u UUID) IsZero() bool { return u == UUID{} }

// MarshalText makes a UUID readable in JSON.
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Firmware is the kind of firmware that a machine starts with.
type Firmware string

// The firmware that Spur tells apart. Board is U-Boot that boots a kernel by
// itself; while it boots an EFI application it is UEFI.
const (
	BIOS  Firmware = "bios"
	UEFI  Firmware = "uefi"
	Board Firmware = "u-boot"
	// RPiFirmware is a Raspberry Pi's own, in its SoC, its EEPROM and the files that
	// it fetches.
	RPiFirmware Firmware = "raspberry-pi"
	// OpenFirmware is that of Macs with a PowerPC (IEEE 1275).
	OpenFirmware Firmware = "open-firmware"
)

// Arch is a processor architecture. A BIOS machine says x86 whatever its
// processor can do, because its ROM runs in real mode.
type Arch string

// The architectures that a client can name (IANA's list for option 93).
const (
	X86     Arch = "x86"
	X64     Arch = "x64"
	ARM     Arch = "arm"
	ARM64   Arch = "arm64"
	RISCV32 Arch = "riscv32"
	RISCV64 Arch = "riscv64"
	LOONG64 Arch = "loong64"
	EBC     Arch = "ebc"
	IA64    Arch = "ia64"
	PPC     Arch = "ppc"
)

// Proto is the protocol by which the speaking program fetches its next file.
type Proto string

// PXE fetches by TFTP (PXE 2.1); HTTP is UEFI's HTTP Boot (UEFI 2.10 section 24.7);
// BSDP, by which Macs boot, fetches by TFTP.
const (
	PXE  Proto = "pxe"
	HTTP Proto = "http"
	BSDP Proto = "bsdp"
)

// Loader is the program that speaks.
type Loader string

// The programs that Spur tells apart on the wire. RPi is the Raspberry Pi's own
// bootloader. Entries of package route say which of them can be served.
const (
	ROM      Loader = "rom"
	IPXE     Loader = "ipxe"
	GPXE     Loader = "gpxe" // iPXE of before 2010
	GRUB     Loader = "grub"
	PXELINUX Loader = "pxelinux"
	Syslinux Loader = "syslinux" // syslinux.efi
	UBoot    Loader = "u-boot"
	RPi      Loader = "raspberry-pi"
	Apple    Loader = "apple"
)

// GRUBLegacy is GRUB 0.97 as a network boot program.
const GRUBLegacy Loader = "grub-legacy"

// Stub is what makes one EFI application of a kernel and what goes with it
// (systemd-stub(7)). It speaks to nobody.
const Stub Loader = "systemd-stub"

// Memdisk is what a loader starts in the place of a kernel, so that a BIOS boots a disk
// that is its initrd (Syslinux, memdisk). It speaks to nobody.
const Memdisk Loader = "memdisk"

// Wimboot is what a loader starts in the place of a kernel, so that an image of Windows PE
// boots. It speaks to nobody.
const Wimboot Loader = "wimboot"

// NBIStarter is what Spur puts before a tagged image, so that it is a kernel for a BIOS.
const NBIStarter Loader = "nbi-starter"

// RAMDisk is Spur's program by which UEFI firmware boots a disk that it has in its memory.
const RAMDisk Loader = "ramdisk"

// UBootEFI is U-Boot as what starts an EFI application. On the wire it is UBoot.
const UBootEFI Loader = "u-boot-efi"

// Shim is what firmware with Secure Boot starts for Microsoft's signature, and
// what starts a loader of its vendor; MokManager is what it starts for its owner
// to enroll a key. They speak to nobody.
const (
	Shim       Loader = "shim"
	MokManager Loader = "mokmanager"
)

// Features is the set of things that a loader says it can do.
type Features uint16

// What loaders can do and routes depend on: what iPXE announces in option 175, and
// what only the file of a loader shows.
const (
	CanHTTP Features = 1 << iota
	CanHTTPS
	CanTFTP
	CanISCSI
	CanAOE
	CanMenu
	CanBzImage       // starts a Linux kernel on BIOS
	CanEFI           // starts an EFI application
	CanShim          // iPXE: has the command shim, for kernels that a shim must vouch for
	CanAfterHTTPBoot // GRUB: has a network when HTTP Boot started it
	CanProxyDHCP     // GRUB: asks whom a proxy's offer has named, not the DHCP server
	CanUnderIPXE     // GRUB for a BIOS: iPXE starts it as a network boot program
	CanMultiboot     // starts a kernel by the Multiboot Specification 0.6.96
	CanMultiboot2    // GRUB: starts one by version 2 of it
	CanMemdisk       // GRUB for UEFI: reads a disk that is put into it
)

// UsualIPXE is what every iPXE can do that was built without leaving things
// out: what to expect of one that does not say.
const UsualIPXE = CanHTTP | CanTFTP | CanMenu | CanBzImage | CanEFI | CanMultiboot

// Has tells whether all of want are in f.
func (f Features) Has(want Features) bool { return f&want == want }

// Client is a machine as one packet shows it.
type Client struct {
	MAC      MAC
	UUID     UUID
	Firmware Firmware
	Arch     Arch
	Proto    Proto
	Loader   Loader
	Features Features
	// SecureBoot: the firmware starts only what is signed. No packet tells it;
	// who asks about a machine without one may know.
	SecureBoot bool
	// Proxied: the address comes from a DHCP server on another host, which some
	// loaders take for where their files are.
	Proxied bool
	// Model and Serial are what a machine says of itself, in words: "Raspberry Pi 4",
	// "5b154510"; empty where it doesn't. DHCP has a serial number of boards alone.
	Model, Serial string
	// Item is the type of the item that was chosen from a PXE boot menu (PXE 2.1,
	// PXE_BOOT_ITEM), or the index of the NetBoot image that a Mac has chosen, or what a
	// resolver has given (Payload.Item); 0 where there was none.
	Item uint16

	// Interface is the name of our interface that the packet came in on;
	// empty where the packet does not tell (an HTTP request).
	Interface string
	// VLAN is that of the interface (IEEE 802.1Q); 0 for none.
	VLAN uint16
	// Server is the address at which this client reaches us.
	Server netip.Addr
	// IPv6: it asks by DHCPv6, and fetches over IPv6.
	IPv6 bool
	// Relay is the relay agent that forwarded the packet: giaddr, or the address
	// that it sent from over IPv6; the zero value for a client on our own wire.
	Relay netip.Addr
	// Sender is where the packet's frame came from: the client itself, a router, a
	// bridge that puts its own address there, or somebody who pretends to be the client.
	// What is remembered of a machine holds for packets of the same sender alone. The
	// zero value where a packet shows none.
	Sender MAC
}

// FirmwareArch is the architecture for which a machine's firmware starts kernels. It
// is empty for a BIOS, which calls itself x86 whatever its processor is.
func (c Client) FirmwareArch() Arch {
	if c.Firmware == BIOS {
		return ""
	}
	return c.Arch
}

// Platform says firmware and architecture in one word, the way people do.
func (c Client) Platform() string {
	switch {
	case c.Firmware == BIOS:
		return "BIOS"
	case c.Firmware == UEFI:
		return strings.TrimSpace("UEFI " + string(c.Arch))
	case c.Firmware == RPiFirmware:
		return cmp.Or(c.Model, "Raspberry Pi")
	case c.Firmware == Board:
		return strings.TrimSpace("U-Boot " + string(c.Arch))
	case c.Firmware == OpenFirmware:
		return "Open Firmware"
	case c.Arch != "":
		return string(c.Arch)
	}
	return "unknown firmware"
}
