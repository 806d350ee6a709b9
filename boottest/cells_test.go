package boottest

import (
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// firmwares are the machines of the matrix. Debian's only BIOS ROM is iPXE's;
// PlainROM hides that, so that it is booted like any other maker's.
var firmwares = []struct {
	name     string
	firmware lab.Firmware
	port     lab.Port
	routes   []string
}{
	{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, []string{"bios-undionly", "ipxe-http"}},
	{"UEFI", lab.UEFI, lab.Port{}, []string{"uefi-x64-snponly", "ipxe-http"}},
}

// arrangements are the ways in which addresses are given.
var arrangements = []struct {
	name  string
	start func(*world) *lab.Process
}{
	{"beside a DHCP server on another host", func(w *world) *lab.Process {
		w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
		return w.boot()
	}},
	{"beside a DHCP server on the same host", func(w *world) *lab.Process {
		w.foreignDHCP(w.home)
		return w.boot()
	}},
	{"with its own DHCP server", func(w *world) *lab.Process {
		return w.boot("--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")
	}},
}

func TestMatrix(t *testing.T) {
	for _, f := range firmwares {
		for _, a := range arrangements {
			t.Run(f.name+" "+a.name, func(t *testing.T) {
				w := newWorld(t)
				spur := a.start(w)
				m := w.machine("machine", f.firmware, f.port)
				w.up(m, spur)
				w.took(spur, m, f.routes...)
			})
		}
	}
}

// A ROM that is iPXE already goes straight to its script.
func TestAlreadyIPXE(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{})
	w.up(m, spur)
	w.took(spur, m, "ipxe-http")
}
