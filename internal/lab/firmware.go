package lab

import (
	"fmt"
	"net"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Firmware is what a machine runs when it is switched on.
type Firmware string

// The firmware that the lab knows, all from Debian's packages.
const (
	// BIOS is SeaBIOS; the network card's option ROM is iPXE's, and says
	// so. BIOSPXE is the same with Port.PlainROM for every card: it asks like
	// another maker's ROM.
	BIOS    Firmware = "bios"
	BIOSPXE Firmware = "bios-pxe"

	// UEFI is edk2 for x64 with its own PXE. HTTP Boot is tried after PXE.
	UEFI Firmware = "uefi"

	// UEFIHTTP is the same with PXE switched off: HTTP Boot only.
	UEFIHTTP Firmware = "uefi-http"

	// SecureBoot is edk2 for x64 that enforces Secure Boot with Microsoft's
	// keys, as machines are sold; SecureBootHTTP has HTTP Boot only.
	SecureBoot     Firmware = "secureboot"
	SecureBootHTTP Firmware = "secureboot-http"

	// SnakeOil is edk2 for x64 that enforces Secure Boot with the keys of
	// the ovmf package, whose private half is in the package too; SnakeOilHTTP
	// has HTTP Boot only. Nothing guards its variables against the system.
	SnakeOil     Firmware = "snakeoil"
	SnakeOilHTTP Firmware = "snakeoil-http"

	// The same for 64-bit ARM (aarch64).
	ARM64               Firmware = "uefi-arm64"
	ARM64HTTP           Firmware = "uefi-arm64-http"
	ARM64SecureBoot     Firmware = "secureboot-arm64"
	ARM64SecureBootHTTP Firmware = "secureboot-arm64-http"
	ARM64SnakeOil       Firmware = "snakeoil-arm64"
	ARM64SnakeOilHTTP   Firmware = "snakeoil-arm64-http"

	// IA32 is edk2 of 32 bits on a processor of 64.
	IA32     Firmware = "uefi-ia32"
	IA32HTTP Firmware = "uefi-ia32-http"

	// RISCV64 is edk2 for 64-bit RISC-V.
	RISCV64 Firmware = "uefi-riscv64"

	// U-Boot for QEMU's boards of 64-bit ARM and RISC-V, of 2023 and of 2025. Their
	// environments find what to boot by distro_bootcmd and by bootstd.
	UBootARM64      Firmware = "u-boot-arm64"
	UBootARM64Old   Firmware = "u-boot-arm64-2023"
	UBootRISCV64    Firmware = "u-boot-riscv64"
	UBootRISCV64Old Firmware = "u-boot-riscv64-2023"
)

// firmware is how QEMU is told to be a machine with some firmware.
type firmware struct {
	name    Firmware
	arch    boot.Arch
	machine string           // -machine
	uboot   packaged         // U-Boot: the program
	code    packaged         // UEFI: flash with the program
	vars    packaged         // UEFI: flash with the variables, copied for each machine
	smm     bool             // system management mode guards the variables
	romfile bool             // keep the network card's option ROM
	plain   bool             // as if each Port had PlainROM
	http    bool             // UEFI: no PXE, so that it asks by HTTP Boot only
	secure  bool             // UEFI: enforces Secure Boot
	mac     net.HardwareAddr // that the first card has, whatever it is told; nil for what it is told
}

// The fw_cfg names by which edk2's NetworkPkg is told what to offer
// (OvmfPkg/RUNTIME_CONFIG.md).
func onlyHTTP() []string {
	return []string{
		"-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n",
		"-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n",
	}
}

// guarded has system management mode guard edk2's variables (OvmfPkg/README).
func guarded() []string {
	return []string{
		"-global", "driver=cfi.pflash01,property=secure,value=on",
		"-global", "ICH9-LPC.disable_s3=1",
	}
}

// flash is a file of edk2 in one of Debian's packages.
func flash(row, name string) packaged {
	folders := map[string]string{"qemu-efi-aarch64": "AAVMF", "qemu-efi-riscv64/trixie": "qemu-efi-riscv64"}
	folder, ok := folders[row]
	if !ok {
		folder = "OVMF"
	}
	return packaged{row, "usr/share/" + folder + "/" + name + ".fd"}
}

// uBoot is the program for one of QEMU's boards.
func uBoot(row, board string) packaged {
	return packaged{row, "usr/lib/u-boot/" + board + "/u-boot.bin"}
}

func firmwares() []firmware {
	const (
		q35     = "q35"
		q35smm  = "q35,smm=on"
		serialy = "pc,graphics=off" // the screen goes to the serial port too
		virt    = "virt"
		riscv   = "virt,acpi=off"
	)
	var (
		code    = flash("ovmf", "OVMF_CODE_4M")
		secure  = flash("ovmf", "OVMF_CODE_4M.secboot")
		empty   = flash("ovmf", "OVMF_VARS_4M")
		ms      = flash("ovmf", "OVMF_VARS_4M.ms")
		oil     = flash("ovmf", "OVMF_VARS_4M.snakeoil")
		codeA   = flash("qemu-efi-aarch64", "AAVMF_CODE")
		emptyA  = flash("qemu-efi-aarch64", "AAVMF_VARS")
		msA     = flash("qemu-efi-aarch64", "AAVMF_VARS.ms")
		oilA    = flash("qemu-efi-aarch64", "AAVMF_VARS.snakeoil")
		code32  = flash("ovmf-ia32", "OVMF32_CODE_4M.secboot")
		empty32 = flash("ovmf-ia32", "OVMF32_VARS_4M")
		codeR   = flash("qemu-efi-riscv64/trixie", "RISCV_VIRT_CODE")
		emptyR  = flash("qemu-efi-riscv64/trixie", "RISCV_VIRT_VARS")

		// U-Boot of 2023 gives this address to the card of any of QEMU's boards.
		mac2023 = net.HardwareAddr{0x52, 0x52, 0x52, 0x52, 0x52, 0x52}
	)
	const (
		bookworm, trixie = "u-boot-qemu", "u-boot-qemu/trixie"
		boardA, boardR   = "qemu_arm64", "qemu-riscv64_smode"
	)
	return []firmware{
		{name: BIOS, arch: boot.X64, machine: serialy, romfile: true},
		{name: BIOSPXE, arch: boot.X64, machine: serialy, romfile: true, plain: true},
		{name: UEFI, arch: boot.X64, machine: q35, code: code, vars: empty},
		{name: UEFIHTTP, arch: boot.X64, machine: q35, code: code, vars: empty, http: true},
		{name: SecureBoot, arch: boot.X64, machine: q35smm, code: secure, vars: ms, smm: true, secure: true},
		{name: SecureBootHTTP, arch: boot.X64, machine: q35smm, code: secure, vars: ms, smm: true, secure: true, http: true},
		{name: SnakeOil, arch: boot.X64, machine: q35, code: code, vars: oil, secure: true},
		{name: SnakeOilHTTP, arch: boot.X64, machine: q35, code: code, vars: oil, secure: true, http: true},
		{name: ARM64, arch: boot.ARM64, machine: virt, code: codeA, vars: emptyA},
		{name: ARM64HTTP, arch: boot.ARM64, machine: virt, code: codeA, vars: emptyA, http: true},
		{name: ARM64SecureBoot, arch: boot.ARM64, machine: virt, code: codeA, vars: msA, secure: true},
		{name: ARM64SecureBootHTTP, arch: boot.ARM64, machine: virt, code: codeA, vars: msA, secure: true, http: true},
		{name: ARM64SnakeOil, arch: boot.ARM64, machine: virt, code: codeA, vars: oilA, secure: true},
		{name: ARM64SnakeOilHTTP, arch: boot.ARM64, machine: virt, code: codeA, vars: oilA, secure: true, http: true},
		{name: IA32, arch: boot.X86, machine: q35smm, code: code32, vars: empty32, smm: true},
		{name: IA32HTTP, arch: boot.X86, machine: q35smm, code: code32, vars: empty32, smm: true, http: true},
		{name: RISCV64, arch: boot.RISCV64, machine: riscv, code: codeR, vars: emptyR},
		{name: UBootARM64, arch: boot.ARM64, machine: virt, uboot: uBoot(trixie, boardA)},
		{name: UBootARM64Old, arch: boot.ARM64, machine: virt, uboot: uBoot(bookworm, boardA), mac: mac2023},
		{name: UBootRISCV64, arch: boot.RISCV64, machine: riscv, uboot: uBoot(trixie, boardR)},
		{name: UBootRISCV64Old, arch: boot.RISCV64, machine: riscv, uboot: uBoot(bookworm, boardR), mac: mac2023},
	}
}

// Firmwares are the names that Hardware.Firmware takes.
func Firmwares() []Firmware {
	var names []Firmware
	for _, f := range firmwares() {
		names = append(names, f.name)
	}
	return names
}

// Asks is how a machine asks when it is switched on.
type Asks struct {
	BIOS       bool      // else it is UEFI, or
	UBoot      bool      // U-Boot
	Arch       boot.Arch // for which its firmware is made; of a BIOS, what its processor can do
	IPXE       bool      // its ROM is iPXE, and says so
	HTTP       bool      // by HTTP Boot, not by PXE
	SecureBoot bool      // it starts only what is signed
}

// Asks says how a machine with this firmware asks first.
func (f Firmware) Asks() (Asks, error) {
	found, err := findFirmware(f)
	return Asks{
		BIOS: found.bios(), UBoot: found.uboot != packaged{}, Arch: found.arch, IPXE: found.romfile && !found.plain, HTTP: found.http, SecureBoot: found.secure,
	}, err
}

func (f firmware) bios() bool { return f.code == packaged{} && f.uboot == packaged{} }

func findFirmware(name Firmware) (firmware, error) {
	var known []string
	for _, f := range firmwares() {
		if f.name == name {
			return f, nil
		}
		known = append(known, string(f.name))
	}
	return firmware{}, fmt.Errorf("firmware %q: want one of %s", name, strings.Join(known, ", "))
}
