package daemon

import (
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
)

// boardAt is the boot of a machine that nobody heard asking, as with --dhcp off, and
// that is a Raspberry Pi by its address on the wire: it asks for its files all the
// same, if somebody else's DHCP server names this host to it.
func boardAt(mac boot.MAC) (boot.Client, route.Route, bool) {
	if !pxe.IsRaspberryPi(mac[:]) {
		return boot.Client{}, route.Route{}, false
	}
	return identify.RaspberryPi(mac), route.Configured(boot.RPi, route.TFTP), true
}
