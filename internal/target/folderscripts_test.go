package target

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What an iPXE script in a folder loads from beside itself must be there; one that leads to
// another is followed.
func TestScriptsOfFolder(t *testing.T) {
	dir := t.TempDir()
	efiAt(t, filepath.Join(dir, "snponly.efi"))
	for name, text := range map[string]string{
		"autoexec.ipxe":   "#!ipxe\nkernel vmlinuz quiet\ninitrd none.img\nchain sub/more.ipxe || shell\nkernel ${arch}/x\nchain /snponly.efi\nboot\n",
		"sub/more.ipxe":   "#!ipxe\nkernel ../vmlinuz\nkernel vmlinuz\n",
		"vmlinuz":         "x",
		"other/note.ipxe": "kernel none\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Target{Kernel: dir}.Inspect(t.Context(), Upstream{})
	want := []string{
		"autoexec.ipxe, line 3, loads none.img, which isn't there; the file is served as it is",
		"sub/more.ipxe, line 3, loads sub/vmlinuz, which isn't there; the file is served as it is",
	}
	if err != nil || !slices.Equal(l.Warnings, want) {
		t.Errorf("%q, %v", l.Warnings, err)
	}
}
