package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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
	// the ovmf package, whose private half is in the package too.
	SnakeOil Firmware = "snakeoil"
)

// firmware is how QEMU is told to be a machine with some firmware.
type firmware struct {
	name    Firmware
	machine string // -machine
	code    string // UEFI: flash with the program
	vars    string // UEFI: flash with the variables, copied for each machine
	romfile bool   // keep the network card's option ROM
	plain   bool   // as if each Port had PlainROM
	http    bool   // UEFI: no PXE, so that it asks by HTTP Boot only
	secure  bool   // UEFI: enforces Secure Boot
}

// ovmf is where Debian's ovmf package puts edk2.
const ovmf = "/usr/share/OVMF/"

// The fw_cfg names by which edk2's NetworkPkg is told what to offer
// (OvmfPkg/RUNTIME_CONFIG.md).
func onlyHTTP() []string {
	return []string{
		"-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n",
		"-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n",
	}
}

// The system management mode that guards edk2's keys (OvmfPkg/README).
func guarded() []string {
	return []string{
		"-global", "driver=cfi.pflash01,property=secure,value=on",
		"-global", "ICH9-LPC.disable_s3=1",
	}
}

func firmwares() []firmware {
	const (
		code    = ovmf + "OVMF_CODE_4M.fd"
		secure  = ovmf + "OVMF_CODE_4M.secboot.fd"
		empty   = ovmf + "OVMF_VARS_4M.fd"
		ms      = ovmf + "OVMF_VARS_4M.ms.fd"
		oil     = ovmf + "OVMF_VARS_4M.snakeoil.fd"
		q35     = "q35"
		q35smm  = "q35,smm=on"
		serialy = "pc,graphics=off" // the screen goes to the serial port too
	)
	return []firmware{
		{name: BIOS, machine: serialy, romfile: true},
		{name: BIOSPXE, machine: serialy, romfile: true, plain: true},
		{name: UEFI, machine: q35, code: code, vars: empty},
		{name: UEFIHTTP, machine: q35, code: code, vars: empty, http: true},
		{name: SecureBoot, machine: q35smm, code: secure, vars: ms, secure: true},
		{name: SecureBootHTTP, machine: q35smm, code: secure, vars: ms, secure: true, http: true},
		{name: SnakeOil, machine: q35smm, code: secure, vars: oil, secure: true},
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
	BIOS       bool // else it is UEFI for x64
	IPXE       bool // its ROM is iPXE, and says so
	HTTP       bool // by HTTP Boot, not by PXE
	SecureBoot bool // it starts only what is signed
}

// Asks says how a machine with this firmware asks first.
func (f Firmware) Asks() (Asks, error) {
	found, err := findFirmware(f)
	return Asks{BIOS: found.code == "", IPXE: found.romfile && !found.plain, HTTP: found.http, SecureBoot: found.secure}, err
}

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

// arguments are QEMU's for this firmware. The variables of a UEFI machine are
// copied to dir.
func (f firmware) arguments(dir, machine string) ([]string, error) {
	args := []string{"-machine", f.machine}
	if f.code == "" {
		return append(args, "-boot", "n"), nil
	}
	if f.secure {
		args = append(args, guarded()...)
	}
	if f.http {
		args = append(args, onlyHTTP()...)
	}
	code, err := file(f.code, "ovmf")
	if err != nil {
		return nil, err
	}
	template, err := file(f.vars, "ovmf")
	if err != nil {
		return nil, err
	}
	vars := filepath.Join(dir, machine+".vars.fd")
	if err := copyFile(vars, template); err != nil {
		return nil, fmt.Errorf("variables of %s: %w", machine, err)
	}
	return append(args,
		"-drive", "if=pflash,unit=0,format=raw,readonly=on,file="+code,
		"-drive", "if=pflash,unit=1,format=raw,file="+vars,
		// edk2 draws the numbers of its protocols from it.
		"-device", "virtio-rng-pci",
	), nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
