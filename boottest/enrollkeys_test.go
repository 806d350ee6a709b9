package boottest

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// A machine in setup mode takes the operator's keys once. From then on it starts what
// Spur signs with them, and refuses what isn't signed.
func TestEnrollKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		arch     boot.Arch
		loaders  []string
	}{
		{lab.UEFIHTTP, boot.X64, nil},
		{lab.ARM64HTTP, boot.ARM64, []string{stubARM64}},
	} {
		t.Run(string(tt.arch), func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data") // removed after the world has ended
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			w.command("loader", "keys", "init", "--data", data)
			spur := w.spur("boot", "enroll-keys", "--data", data)
			m := w.machine("machine", tt.firmware, lab.Port{})
			if _, err := m.WaitFor(w.ctx, `Spur enrolls keys of Secure Boot(?s:.*)The keys are enrolled`); err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			w.took(spur, m, "uefi-http")
			w.told(spur, m, `booted once already`)
			w.check(spur.Stop())

			kernel, initrd, cmdline := w.linuxFor(tt.arch)
			line := slices.Concat([]string{"boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline + " spur.lab=stay"}, w.loadersOf(tt.loaders...))
			spur = w.spur(append(line, "--data", data)...)
			w.check(m.Reset(w.ctx))
			w.up(m, spur)
			w.check(spur.Stop())

			spur = w.spur(line...)
			w.check(m.Reset(w.ctx))
			w.told(spur, m, `"cause":"program-refused".*Secure Boot.*"blames":"uefi-http"`)
		})
	}
}
