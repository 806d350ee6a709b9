package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// chainFolder makes a folder with Debian's shim and a GRUB of Debian's for an
// architecture, both as their packages have them: suite is "" or "/trixie".
func (w *world) chainFolder(debian, efi, suite string) string {
	w.Helper()
	dir := w.TempDir()
	shim, grub := "shim-signed", "grub-efi-"+debian+"-signed"
	if debian != "amd64" {
		shim, grub = shim+":"+debian, grub+":"+debian
	}
	for row, pattern := range map[string]string{
		shim:         "usr/lib/shim/shim" + efi + ".efi.signed",
		grub + suite: "usr/lib/grub/*-signed/grubnet" + efi + ".efi.signed",
	} {
		path, err := lab.Unpacked(row, pattern)
		w.check(err)
		b, err := os.ReadFile(path)
		w.check(err)
		w.check(os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o644))
	}
	return dir
}

// A machine with Secure Boot on, as it is sold, boots by shim and GRUB of Debian,
// and one with Secure Boot off does by the same. GRUB 2.06 has to have its address
// from the host that it boots from, and nothing over HTTP.
func TestSecureBootChain(t *testing.T) {
	elsewhere, here, own := arrangements[0].start, arrangements[1].start, arrangements[2].start
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		suite    string
		start    func(*world, ...string) *lab.Process
		route    string
	}{
		{"PXE with GRUB 2.06", lab.SecureBoot, "", own, "uefi-shim-grub"},
		{"PXE with GRUB 2.06 beside a DHCP server on the same host", lab.SecureBoot, "", here, "uefi-shim-grub"},
		{"PXE with GRUB 2.12 beside a DHCP server", lab.SecureBoot, "/trixie", elsewhere, "uefi-shim-grub"},
		{"HTTP Boot with GRUB 2.12", lab.SecureBootHTTP, "/trixie", elsewhere, "uefi-http-shim-grub"},
		{"Secure Boot off with GRUB 2.06", lab.UEFI, "", own, "uefi-shim-grub"},
		{"Secure Boot off with GRUB 2.12 and HTTP Boot", lab.UEFIHTTP, "/trixie", elsewhere, "uefi-http-shim-grub"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			spur := tt.start(w, "--secure-boot", "on", "--loaders", w.chainFolder("amd64", "x64", tt.suite))
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, tt.route)
			if story := spur.String(); strings.Contains(story, ".lst") || strings.Contains(story, "revocations") {
				t.Errorf("what loaders do without is told as trouble:\n%s", spur.Tail(40))
			}
		})
	}
}
