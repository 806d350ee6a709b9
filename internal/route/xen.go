package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// XenConfig is the configuration that Spur writes for xen.efi, and XenDisk the disk on which
// it lies with all else, for firmware that fetches it without a loader.
const (
	XenConfig = "boot.xen.cfg"
	XenDisk   = "xen.img"
)

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

// unfitXenDisk says why firmware can't boot a disk with Xen, its configuration and what that
// names, or "". One EFI application of all of them, which Xen knows from 4.17 on, would be of
// no use instead: it looks for a file system before that (get_parent_handle in
// xen/common/efi/boot.c), which firmware has for what lies on a disk alone.
func unfitXenDisk(c boot.Client, p boot.Payload, host Host) string {
	if why := unfitXen(c, p, host); why != "" {
		return why
	}
	if xen, _ := p.Content.(boot.Xen); xen.Bytes > xenDiskMost {
		return fmt.Sprintf("%s has %d MiB with its modules, and the disk that Spur makes of them for firmware has room for less than 2 GiB", p.Title(), xen.Bytes>>20)
	}
	return ""
}

// unfitXenHTTPBoot says the same of a disk that firmware fetches itself.
func unfitXenHTTPBoot(c boot.Client, p boot.Payload, host Host) string {
	if why := unfitXenDisk(c, p, host); why != "" {
		return why
	}
	return notByHTTPBoot(c)
}

// xenDiskMost is what files can have on a disk of Spur's, each up to a cluster less.
const xenDiskMost = 2<<30 - 1<<20

// asXenDisk is the route with the disk that firmware fetches of a Xen.
func (r Route) asXenDisk() Route {
	r.Give = XenDisk
	r.Why = "no loader in between: the firmware fetches a disk with Xen, its configuration and what that names, makes a RAM disk of it, and starts Xen there"
	return r
}

// xenNeeds is what Xen needs with what it reads, of which the loader has each file once, and
// Xen a copy.
func xenNeeds(_ boot.Client, p boot.Payload) int64 {
	xen, _ := p.Content.(boot.Xen)
	return 2 * xen.Bytes
}
