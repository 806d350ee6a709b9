package boottest

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// A command line reaches the kernel as it was given, blanks in quotes and the
// words at which iPXE ends a command included, by the iPXE of a BIOS ROM and by
// that of UEFI.
func TestCommandLineIsCarried(t *testing.T) {
	const odd = `root="PARTLABEL=Arch  Linux"   a || b && c ; d # e #f	g`
	for _, firmware := range []lab.Firmware{lab.BIOS, lab.UEFI} {
		t.Run(string(firmware), func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			w.spur("boot", built.kernel, built.initrd, "--cmdline", "console=ttyS0 "+odd+" end")
			m := w.machine("machine", firmware, lab.Port{})
			up, err := m.WaitFor(w.ctx, lab.Up)
			w.check(err)
			if !strings.Contains(up.Groups[0], " "+odd+" end") {
				t.Errorf("the kernel has %q", up.Groups[0])
			}
		})
	}
}
