package host

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

func unpackedFile(t *testing.T, row, file string) string {
	t.Helper()
	path, err := lab.Unpacked(row, file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// What the shims of this host make of a file is shown with it: whom they know, and
// what they have revoked.
func TestShowLoaderShims(t *testing.T) {
	const grub = "usr/lib/grub/*/grubnetx64.efi.signed"
	shims := filepath.Dir(unpackedFile(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed"))
	for file, want := range map[string]string{
		unpackedFile(t, "grub-efi-amd64-signed/trixie", grub):             "starts it (" + shims,
		unpackedFile(t, "grub-efi-amd64-signed/bookworm-backports", grub): "refuses it: it is revoked: its SBAT data say grub,4",
		unpackedFile(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"):      "starts it (" + shims,
		"/usr/lib/ipxe/snponly.efi":                                       "refuses it: it isn't signed",
	} {
		d, err := showFile(file, t.TempDir(), []string{shims})
		if err != nil || len(d.Shims) == 0 || !strings.HasPrefix(d.Shims[0].String(), want) {
			t.Errorf("%s: %v, %v, want %q", file, d.Shims, err, want)
		}
	}
}
