package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// unfitCOM32 says why a machine can't start a module of Syslinux, or "".
func unfitCOM32(c boot.Client, p boot.Payload, host Host) string {
	module, ok := p.Content.(boot.COM32)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no module of Syslinux", p.Title())
	case c.Firmware == boot.BIOS && module.Arch == boot.X86, c.Firmware == boot.UEFI && c.Arch == boot.X64 && module.Arch == boot.X64:
		return ""
	case module.Arch == boot.X64:
		return fmt.Sprintf("%s is a module for syslinux.efi, and the machine is %s; take that of the same name for a BIOS", p.Title(), c.Platform())
	}
	return fmt.Sprintf("%s is a module for PXELINUX on a BIOS, and the machine is %s", p.Title(), c.Platform())
}
