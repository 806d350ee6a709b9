package timeline

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// wrongProgram: the firmware was given a program for other firmware, which it doesn't
// start, or jumps into to no avail.
func wrongProgram(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t, h := a.latest, a.loaderStage
	if !a.resting() || h.client.Loader != boot.ROM || t.Role != RoleLoader && t.Role != RoleKernel || t.refusal != "" || still < loaderPatience {
		return Verdict{}, false
	}
	if h.runs || h.notFound.Err != "" {
		return Verdict{}, false // whatever it is called, it runs
	}
	made := madeFor(t.Name)
	if made == "" || h.client.Firmware != boot.BIOS && h.client.Firmware != boot.UEFI || made == h.client.Firmware {
		return Verdict{}, false
	}
	kind := "a BIOS"
	if made == boot.UEFI {
		kind = "UEFI"
	}
	option := "option 93"
	if h.client.IPv6 {
		option = "DHCPv6's option 61 (93 of DHCPv4)"
	}
	return Verdict{
		Cause:    WrongProgram,
		Sentence: fmt.Sprintf("%s is a program for %s, and the machine is %s.", Clean(path.Base(t.Name)), kind, a.Platform),
		Likely:   "the DHCP server names the same boot file to every machine.",
		Hint:     "have the DHCP server tell them apart by " + option + ", the architecture: 0 is a BIOS, 7 and 9 are UEFI x64; or leave the boot file to spur boot, which does.",
		Blames:   t.Route,
	}, true
}

// madeFor is the firmware that a program is for, by a name that leaves no doubt; "" for
// any other. Microsoft's are wdsnbp.com and pxeboot.n12.
func madeFor(name string) boot.Firmware {
	end := path.Ext(strings.ToLower(name))
	switch {
	case end == ".efi":
		return boot.UEFI
	case slices.Contains([]string{".0", ".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".com", ".n12"}, end):
		return boot.BIOS
	}
	return ""
}
