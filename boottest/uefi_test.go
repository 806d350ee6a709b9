package boottest

import (
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Firmware with HTTP Boot needs no loader: it is given one EFI application with
// the kernel, its initrds and the command line.
func TestHTTPBoot(t *testing.T) {
	for _, a := range arrangements {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			spur := a.start(w)
			m := w.machine("machine", lab.UEFIHTTP, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, "uefi-http")
		})
	}
}

// On a host without iPXE the firmware is given the same application over TFTP.
func TestWithoutIPXE(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.bootWithout("/usr/lib/ipxe")
	m := w.machine("machine", lab.UEFI, lab.Port{})
	w.up(m, spur)
	w.took(spur, m, "uefi-tftp")
}
