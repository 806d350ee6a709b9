package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/efi/uki"
	"github.com/spurboot/spur/internal/lab"
)

// Firmware with HTTP Boot needs no loader: it is given one EFI application with
// the kernel, its initrds and the command line.
func TestHTTPBoot(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			explained := w.explained()
			spur := a.start(w)
			m := w.machine("machine", lab.UEFIHTTP, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, "uefi-http")
			explained(`HTTP HEAD "\S+/boot.efi", status 200: its size alone`, `kernel boot.efi: \d+ MiB in`, `all went well|its system asks for an address`)
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

// An EFI application of the operator's boots as it is: by HTTP Boot, and by the
// iPXE that firmware with PXE is given.
func TestEFIApplication(t *testing.T) {
	t.Parallel()
	for firmware, routes := range map[lab.Firmware][]string{
		lab.UEFIHTTP: {"uefi-http"},
		lab.UEFI:     {"uefi-x64-snponly", "ipxe-http"},
	} {
		t.Run(string(firmware), func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := w.spur("boot", w.application("console=ttyS0 by=itself no_timer_check"))
			m := w.machine("machine", firmware, lab.Port{})
			up, err := m.WaitFor(w.ctx, lab.Up)
			if err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			if !strings.Contains(up.Groups[0], "by=itself") {
				t.Errorf("the kernel has the command line %q", up.Groups[0])
			}
			w.took(spur, m, routes...)
		})
	}
}

// application writes a unified kernel image with the kernel and the first initrd.
func (w *world) application(cmdline string) string {
	w.Helper()
	return w.applicationOf("/usr/lib/systemd/boot/efi/linuxx64.efi.stub", built.kernel, built.initrd, cmdline)
}

// applicationOf writes one with a stub, a kernel and an initrd of some architecture.
func (w *world) applicationOf(stubFile, kernel, initrd, cmdline string) string {
	w.Helper()
	file := func(path string) uki.Content {
		b, err := os.ReadFile(path)
		w.check(err)
		return uki.Content{Size: int64(len(b)), Bytes: b}
	}
	stub, err := uki.OpenStub(file(stubFile).Bytes)
	w.check(err)
	image, err := stub.Layout(
		uki.Part{Section: ".cmdline", Contents: []uki.Content{uki.Text(cmdline)}},
		uki.Part{Section: ".initrd", Contents: []uki.Content{file(initrd)}},
		uki.Part{Section: ".linux", Contents: []uki.Content{file(kernel)}},
	)
	w.check(err)
	var whole []byte
	for _, p := range image.Pieces {
		whole = append(whole, p.Bytes...)
		whole = append(whole, make([]byte, p.Size-int64(len(p.Bytes)))...)
	}
	path := filepath.Join(w.TempDir(), "application.efi")
	w.check(os.WriteFile(path, whole, 0o644))
	return path
}
