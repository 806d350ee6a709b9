package outlook

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// lockedOut says why UEFI machines with Secure Boot on have no way to a payload to which
// others have one, in one line; empty where they have one, or nobody has. Disks and Multiboot
// kernels have no file that firmware is given by itself.
func (o Outlook) lockedOut(p boot.Payload) string {
	if p.Kind() != boot.KindDisk && p.Kind() != boot.KindMultiboot {
		return ""
	}
	for _, arch := range archesOf(p) {
		if why := o.lockedOutOn(arch, p); why != "" {
			return fmt.Sprintf("UEFI machines with Secure Boot on can't boot %s: %s; switch it off in their setup, or say by --secure-boot off that no machine has it on", p.Title(), why)
		}
	}
	return ""
}

// lockedOutOn says what is in the way on one architecture, or "".
func (o Outlook) lockedOutOn(arch boot.Arch, p boot.Payload) (why string) {
	open := false
	for _, c := range o.Kinds.only(everyUEFI(arch)) {
		if c.Firmware != boot.UEFI || c.Loader != boot.ROM {
			continue
		}
		c = o.Asks(c)
		open = open || len(route.Routes(c, p, o.Host).Routes) > 0
		c.SecureBoot = true
		ladder := route.Routes(c, p, o.Host)
		if len(ladder.Routes) > 0 {
			return ""
		}
		if why == "" {
			why = ladder.Obstacle(c)
		}
	}
	if !open {
		return ""
	}
	return why
}
