package pefile

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Machine is the field of that name of the COFF header: the processor that the
// file is for.
type Machine uint16

// Arch is the architecture of a machine type (UEFI 2.10 section 2.1.1, PE/COFF
// section 3.3.1); "" for one that no EFI has.
func (m Machine) Arch() boot.Arch {
	switch m {
	case 0x014c:
		return boot.X86
	case 0x8664:
		return boot.X64
	case 0x01c0, 0x01c2, 0x01c4: // ARM, Thumb (the one that UEFI names), Thumb-2
		return boot.ARM
	case 0xaa64:
		return boot.ARM64
	case 0x5032:
		return boot.RISCV32
	case 0x5064:
		return boot.RISCV64
	case 0x6264:
		return boot.LOONG64
	case 0x0ebc:
		return boot.EBC
	case 0x0200:
		return boot.IA64
	}
	return ""
}

func (m Machine) String() string {
	if a := m.Arch(); a != "" {
		return string(a)
	}
	return fmt.Sprintf("PE machine type %#x", uint16(m))
}

// Subsystem is the field of that name of the optional header: what runs the
// file.
type Subsystem uint16

// The subsystems of EFI (UEFI 2.10 section 2.1.1). Firmware boots applications
// only.
const (
	Application   Subsystem = 10
	BootDriver    Subsystem = 11
	RuntimeDriver Subsystem = 12
)

// EFI tells whether it is a subsystem of EFI at all.
func (s Subsystem) EFI() bool { return s >= Application && s <= RuntimeDriver }

func (s Subsystem) String() string {
	switch s {
	case Application:
		return "EFI application"
	case BootDriver:
		return "EFI boot service driver"
	case RuntimeDriver:
		return "EFI runtime driver"
	}
	return fmt.Sprintf("PE subsystem %d, which is not EFI's", uint16(s))
}
