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
	t.Parallel()
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

// GRUB quotes by itself what has blanks, so that it comes as another text of the
// same meaning; what its shell knows otherwise comes as it is.
func TestCommandLineByGRUB(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"", "/trixie"} {
		t.Run("suite"+suite, func(t *testing.T) {
			w := newWorld(t)
			spur := w.alone("boot", built.kernel, built.initrd, "--secure-boot", "on", "--loaders", w.chainFolder("amd64", "x64", suite),
				"--cmdline", `console=ttyS0 no_timer_check root="PARTLABEL=Arch  Linux" ds=nocloud;s=$x/{y} a || b && c # [d]* ? e=<f> --g end`)
			m := w.machine("machine", lab.UEFI, lab.Port{})
			up, err := m.WaitFor(w.ctx, lab.Up)
			if err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			if want := ` "root=PARTLABEL=Arch  Linux" ds=nocloud;s=$x/{y} a || b && c # [d]* ? e=<f> --g end`; !strings.Contains(up.Groups[0], want) {
				t.Errorf("the kernel has %q", up.Groups[0])
			}
		})
	}
}
