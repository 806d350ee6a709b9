package pxe

import "fmt"

// Arch is a client system architecture (option 93): IANA's registry
// "Processor Architecture Types", which began in RFC 4578 section 2.1.
type Arch uint16

// The architectures that machines on a wire of today name.
const (
	ArchBIOS        Arch = 0
	ArchItanium     Arch = 2
	ArchX86         Arch = 6
	ArchX64         Arch = 7
	ArchXScale      Arch = 8
	ArchEBC         Arch = 9 // many x64 machines say so: RFC 4578's table and erratum differ
	ArchARM         Arch = 10
	ArchARM64       Arch = 11
	ArchX86HTTP     Arch = 15
	ArchX64HTTP     Arch = 16
	ArchEBCHTTP     Arch = 17
	ArchARMHTTP     Arch = 18
	ArchARM64HTTP   Arch = 19
	ArchBIOSHTTP    Arch = 20
	ArchARMUBoot    Arch = 21
	ArchARM64UBoot  Arch = 22
	ArchRISCV32     Arch = 25
	ArchRISCV32HTTP Arch = 26
	ArchRISCV64     Arch = 27
	ArchRISCV64HTTP Arch = 28
	ArchLoong64     Arch = 39
	ArchLoong64HTTP Arch = 40
	ArchRPi         Arch = 41 // Raspberry Pi's boot ROM
)

// String names an architecture the way IANA does.
func (a Arch) String() string {
	names := map[Arch]string{
		ArchBIOS: "x86 BIOS", 1: "NEC/PC98", ArchItanium: "Itanium", ArchX86: "x86 UEFI", ArchX64: "x64 UEFI",
		ArchXScale: "EFI Xscale", ArchEBC: "EBC", ArchARM: "ARM 32-bit UEFI", ArchARM64: "ARM 64-bit UEFI",
		ArchX86HTTP: "x86 UEFI HTTP", ArchX64HTTP: "x64 UEFI HTTP", ArchEBCHTTP: "EBC HTTP",
		ArchARMHTTP: "ARM 32-bit UEFI HTTP", ArchARM64HTTP: "ARM 64-bit UEFI HTTP", ArchBIOSHTTP: "x86 BIOS HTTP",
		ArchARMUBoot: "ARM 32-bit U-Boot", ArchARM64UBoot: "ARM 64-bit U-Boot",
		23: "ARM 32-bit U-Boot HTTP", 24: "ARM 64-bit U-Boot HTTP",
		ArchRISCV32: "RISC-V 32-bit UEFI", ArchRISCV32HTTP: "RISC-V 32-bit UEFI HTTP",
		ArchRISCV64: "RISC-V 64-bit UEFI", ArchRISCV64HTTP: "RISC-V 64-bit UEFI HTTP",
		ArchLoong64: "LoongArch 64-bit UEFI", ArchLoong64HTTP: "LoongArch 64-bit UEFI HTTP", ArchRPi: "Raspberry Pi boot ROM",
	}
	if n, ok := names[a]; ok {
		return n
	}
	return fmt.Sprintf("architecture %d", uint16(a))
}

// BIOS tells whether the machine boots in real mode by a ROM of the PXE 2.1
// kind.
func (a Arch) BIOS() bool { return a == ArchBIOS || a == 1 || a == ArchBIOSHTTP }
