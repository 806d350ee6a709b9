package host

import (
	"path/filepath"
	"strings"
	"testing"
)

// Which files of a host a chain takes is told of each, and why it takes no others.
func TestListChains(t *testing.T) {
	const grub = "usr/lib/grub/*/grubnetx64.efi.signed"
	var dirs []string
	for _, f := range []string{
		unpackedFile(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed"), unpackedFile(t, "grub-efi-amd64-signed", grub), unpackedFile(t, "grub-efi-amd64-signed/bookworm-backports", grub),
	} {
		dirs = append(dirs, filepath.Dir(f))
	}
	list, err := ListLoaders(t.TempDir(), dirs)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, l := range list {
		told[l.Path] = l.Chain
		if l.First && l.Use == "GRUB for UEFI x64" && l.Path != filepath.Join(dirs[1], "grubnetx64.efi.signed") {
			t.Errorf("the first GRUB is %s", l.Path)
		}
	}
	for path, want := range map[string]string{
		dirs[0] + "/shimx64.efi.signed":    "a chain takes it: over TFTP with --dhcp server",
		dirs[1] + "/grubnetx64.efi.signed": "a chain takes it: over TFTP with --dhcp server",
		dirs[1] + "/grubx64.efi.signed":    "no chain takes it: others go before it",
		dirs[2] + "/grubnetx64.efi.signed": "no chain takes it: shim 16.1 refuses it: it is revoked: ",
		"/usr/lib/ipxe/snponly.efi":        "",
	} {
		if got, ok := told[path]; !ok || got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
