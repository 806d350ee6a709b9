package outlook

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// NoRoute is the error about a client whose ladder is empty. more ends its advice.
func NoRoute(c boot.Client, l route.Ladder, p boot.Payload, host route.Host, more string) error {
	if len(l.Rejected) == 0 {
		return advice.New(l.Obstacle(c), "there are routes for: "+strings.Join(route.Supported(), "; "))
	}
	remedy := cmp.Or(wouldBoot(c, p, host), "mend that, or choose another target or kind of machine"+more)
	return advice.New(fmt.Sprintf("no route for %s over %s can be taken: %s", c.Platform(), strings.ToUpper(string(c.Proto)), l.Obstacle(c)), remedy)
}

// wouldBoot says what has a machine boot a payload that it doesn't boot as it is asked
// about, or "".
func wouldBoot(c boot.Client, p boot.Payload, host route.Host) string {
	boots := func(c boot.Client, host route.Host) bool { return len(route.Routes(c, p, host).Routes) > 0 }
	addressed, free := c, host
	addressed.Proxied, free.Loader = false, ""
	_, brings := p.Content.(boot.Bringer)
	switch {
	case boots(addressed, host):
		return "it boots with --dhcp server, which has Spur give the addresses"
	case host.Loader == boot.Syslinux && c.Firmware == boot.BIOS && !brings:
		return "on a BIOS it is called pxelinux: --loader pxelinux"
	case host.Loader == boot.PXELINUX && c.Firmware == boot.UEFI && !brings:
		return "on UEFI it is called syslinux: --loader syslinux"
	case host.Loader != "" && boots(c, free):
		return "it boots without --loader"
	case p.Kind() == boot.KindNetBoot && c.Proto != boot.BSDP:
		return "NetBoot images are for Macs alone, which ask by BSDP: spur explain --proto bsdp shows how one boots"
	}
	var others []string
	for _, other := range everyClient(p) {
		if other.Loader == boot.ROM && other.Proto == boot.PXE && other.Platform() != c.Platform() && boots(other, host) {
			others = append(others, other.Platform())
		}
	}
	if len(others) == 0 {
		return ""
	}
	return "mend that, or choose another kind of machine: it boots on " + strings.Join(others, " and ")
}

// HasRoute tells whether there is a route for such a client at all, with loaders
// as distributions have them.
func HasRoute(c boot.Client) bool {
	var have route.Host
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			have.Loaders = append(have.Loaders, route.Binary{Build: b})
		}
	}
	return len(route.Routes(c, boot.Payload{Content: boot.Linux{}}, have).Routes) > 0
}
