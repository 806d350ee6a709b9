package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// NBIStarterFile is Spur's own program that is put before a tagged image (loader/nbi).
const NBIStarterFile = "spur-nbi.bin"

// unfitTagged says why a machine can't start a tagged image, or "".
func unfitTagged(c boot.Client, p boot.Payload, _ Host) string {
	if _, ok := p.Content.(boot.Tagged); !ok {
		return fmt.Sprintf("%s is no tagged image", p.Title())
	}
	if c.Firmware != boot.BIOS {
		return fmt.Sprintf("%s is a tagged image (NBI), which is started in a PC's real mode, by a BIOS alone, and the machine is %s", p.Title(), c.Platform())
	}
	return ""
}

// taggedNeeds is what a tagged image needs while it is put to its places.
func taggedNeeds(_ boot.Client, p boot.Payload) int64 {
	tagged, _ := p.Content.(boot.Tagged)
	return tagged.Bytes
}
