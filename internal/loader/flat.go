package loader

import (
	"bytes"
	"fmt"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// HeadMost is where a program for a BIOS says in clear text what it is: iPXE and
// PXELINUX are compressed behind that.
const HeadMost = 16 << 10

// IdentifyFlat says what a file is that a BIOS loads as it is and that begins so. The
// errors are clauses, like those of [Identify].
func IdentifyFlat(head []byte) (route.Identity, error) {
	return identifyFlat(head[:min(len(head), HeadMost)])
}

// identifyFlat says what a file is that a BIOS loads as it is. Its features don't
// show: what follows the first instructions is compressed.
func identifyFlat(head []byte) (route.Identity, error) {
	id := route.Identity{Firmware: boot.BIOS, Arch: boot.X86}
	switch {
	case len(head) < 2:
		return route.Identity{}, fmt.Errorf("it is too short for a bootloader: it has %d bytes", len(head))
	case bytes.Contains(head, []byte("PXE->EB:")) && bytes.Contains(head, []byte("No PXE stack found!")):
		// pxeprefix.S of iPXE, and of gPXE and Etherboot before it.
		id.Kind = route.KindIPXE
	case isX86Kernel(head) && bytes.Contains(head, []byte("Installation failed - cannot continue")):
		// libprefix.S of iPXE, in the build that Linux's boot protocol starts.
		id.Kind, id.Version = route.KindIPXEKernel, kernelVersion(head)
	case bytes.Contains(head, []byte("\r\nPXELINUX ")):
		id.Kind, id.Version = route.KindPXELINUX, match(`\nPXELINUX (\d[.0-9A-Za-z]{1,20}) `, head)
	case isGRUBCore(head):
		id.Kind = route.KindGRUB
	case isGRUBLegacy(head):
		id.Kind = route.KindGRUBLegacy
		tellGRUBLegacy(&id, head)
	case isX86Kernel(head):
		id.Kind, id.Version = route.KindLinux, kernelVersion(head)
	default:
		return route.Identity{}, fmt.Errorf("%w: it begins with %q", ErrUnknown, head[:min(len(head), 8)])
	}
	return id, nil
}
