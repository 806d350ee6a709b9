package target

import (
	"path/filepath"
	"strings"
	"testing"
)

// An unpacked medium in a folder of targets is one item, whatever lies in it, or is left out
// as one.
func TestUnpackedMedium(t *testing.T) {
	for _, mark := range mediumMarks() {
		dir := t.TempDir()
		efiAt(t, filepath.Join(dir, "other.efi"))
		efiAt(t, filepath.Join(dir, "live-cd", "EFI", "boot", "bootx64.efi"))
		efiAt(t, filepath.Join(dir, "live-cd", "tools", "memtest.efi"))
		putFiles(t, filepath.Join(dir, "bare"), map[string]string{mark + "/file": "x", "doc/a": "x"})
		putFiles(t, filepath.Join(dir, "live-cd"), map[string]string{mark + "/file": "x", "doc/a": "x"})
		var said []string
		c, _ := opened(t, dir, &said)
		if got, want := titlesIn(t, "|", c), "Local disk|live-cd|other"; got != want {
			t.Errorf("with %s: %q, want %q", mark, got, want)
		}
		if !strings.HasPrefix(c.skipped, "1 target can't be booted and stays out of the menu: bare/ (in the folder bare is no loader") {
			t.Errorf("with %s: skipped %q", mark, c.skipped)
		}
	}
}
