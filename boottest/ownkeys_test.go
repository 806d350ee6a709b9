package boottest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// withKeys is a folder for --data with the keys that the snakeoil firmware knows, and
// the flags to use it.
func (w *world) withKeys() []string {
	w.Helper()
	const key, certificate = "/usr/share/ovmf/PkKek-1-snakeoil.key", "/usr/share/ovmf/PkKek-1-snakeoil.pem"
	data, passphrase := filepath.Join(w.TempDir(), "data"), filepath.Join(w.TempDir(), "passphrase")
	w.check(os.WriteFile(passphrase, []byte("snakeoil\n"), 0o600))
	flags := []string{"--data", data, "--passphrase-file", passphrase}
	w.command(append([]string{"loader", "keys", "import", "db", key, certificate}, flags...)...)
	return flags
}

// command runs a command of Spur's that ends by itself.
func (w *world) command(args ...string) {
	w.Helper()
	p, err := w.home.Start(built.spur, args...)
	w.check(err)
	if err := p.Wait(w.ctx); err != nil {
		w.Fatalf("spur %s: %v\n%s", args, err, p.Tail(10))
	}
}

// A machine whose firmware knows the operator's key starts what Spur signs with it:
// iPXE and the kernel that it loads, one EFI application of a kernel and its initrds,
// and an application that had no signature.
func TestOwnKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		start    func(w *world, flags []string) *lab.Process
		routes   []string
	}{
		{"iPXE by PXE", lab.SnakeOil, func(w *world, flags []string) *lab.Process { return w.boot(flags...) }, []string{"uefi-x64-snponly", "ipxe-http"}},
		{"UKI by PXE", lab.SnakeOil, func(w *world, flags []string) *lab.Process { return w.bootWithout("/usr/lib/ipxe", flags...) }, []string{"uefi-tftp"}},
		{"UKI by HTTP Boot", lab.SnakeOilHTTP, func(w *world, flags []string) *lab.Process { return w.boot(flags...) }, []string{"uefi-http"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.TempDir() // is removed after the world has ended, and Spur writes to it
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := tt.start(w, w.withKeys())
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, tt.routes...)
		})
	}
}

// A machine of 64-bit ARM with such a key starts what Spur puts together and signs.
func TestOwnKeysARM64(t *testing.T) {
	t.Parallel()
	for firmware, route := range map[lab.Firmware]string{lab.ARM64SnakeOil: "uefi-tftp", lab.ARM64SnakeOilHTTP: "uefi-http"} {
		t.Run(string(firmware), func(t *testing.T) {
			t.TempDir() // as above
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			kernel, initrd, cmdline := w.linuxFor(boot.ARM64)
			args := []string{"boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline}
			spur := w.spur(slices.Concat(args, w.loadersOf(stubARM64), w.withKeys())...)
			m := w.machine("machine", firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, route)
		})
	}
}

// An EFI application without a signature gets one, by HTTP Boot and by PXE.
func TestOwnKeysApplication(t *testing.T) {
	t.Parallel()
	for firmware, routes := range map[lab.Firmware][]string{
		lab.SnakeOilHTTP: {"uefi-http"},
		lab.SnakeOil:     {"uefi-x64-snponly", "ipxe-http"},
	} {
		t.Run(string(firmware), func(t *testing.T) {
			t.TempDir() // as above
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := w.spur(append([]string{"boot", w.application("console=ttyS0 no_timer_check")}, w.withKeys()...)...)
			m := w.machine("machine", firmware, lab.Port{})
			if _, err := m.WaitFor(w.ctx, lab.Up); err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			w.took(spur, m, routes...)
		})
	}
}

// What isn't signed such a machine refuses, and its firmware asks anew at once. That
// is told as what it is.
func TestRefusedWithoutKeys(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.bootWithout("/usr/lib/ipxe")
	m := w.machine("machine", lab.SnakeOil, lab.Port{})
	w.told(spur, m, `"cause":"program-refused".*Secure Boot.*"blames":"uefi-tftp"`)
}
