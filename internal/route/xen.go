package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// XenConfig is the configuration that Spur writes for xen.efi.
const XenConfig = "boot.xen.cfg"

// unfitXen says why a machine can't start Xen's program for UEFI, or "".
func unfitXen(c boot.Client, p boot.Payload, host Host) string {
	xen, ok := p.Content.(boot.Xen)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no Xen for UEFI", p.Title())
	case c.Firmware != boot.UEFI:
		return fmt.Sprintf("%s is Xen's program for UEFI firmware, and the machine is %s; give it the Multiboot kernel, xen.gz", p.Title(), c.Platform())
	case c.FirmwareArch() != "" && xen.Arch != c.Arch:
		return fmt.Sprintf("%s is Xen for %s, the machine is %s", p.Title(), xen.Arch, c.Platform())
	case host.unsigned(c, xen.Signed):
		return notSigned(p.Title())
	}
	return ""
}

// xenNeeds is what Xen needs with what it reads, of which the loader has each file once, and
// Xen a copy.
func xenNeeds(_ boot.Client, p boot.Payload) int64 {
	xen, _ := p.Content.(boot.Xen)
	return 2 * xen.Bytes
}
