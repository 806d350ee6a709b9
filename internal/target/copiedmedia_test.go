package target

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/target/targettest"
)

// putFiles writes files with contents below a folder.
func putFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// wimAt has wimlib write an image of Windows PE.
func wimAt(t *testing.T, path, name string) {
	t.Helper()
	tree := t.TempDir()
	putFiles(t, tree, map[string]string{"Windows/System32/kernel32.dll": "x", "Windows/Boot/EFI/bootmgfw.efi": "x"})
	if out, err := exec.CommandContext(t.Context(), "wimlib-imagex", "capture", tree, path, name, "--boot", "--image-property", "WINDOWS/ARCH=9").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A folder with the files of a Windows medium is one item, which is called as the folder is
// and is looked into again once its image has changed.
func TestWindowsMediumInFolder(t *testing.T) {
	dir := t.TempDir()
	medium := filepath.Join(dir, "winmedia")
	putFiles(t, medium, map[string]string{"bootmgr": "", "boot/bcd": "", "boot/boot.sdi": "", "sources/boot.wim": "no image", "a/b/c/d/e": ""})
	efiAt(t, filepath.Join(medium, "efi", "boot", "bootx64.efi"))
	var said []string
	c, now := opened(t, dir, &said)
	if got, want := titlesIn(t, "\n", c), "Local disk"; got != want || !strings.HasPrefix(c.skipped, "1 target can't be booted and stays out of the menu: winmedia/ (") || strings.Contains(c.skipped, "deep") {
		t.Errorf("got\n%s\nwant\n%s\nskipped %s", got, want, c.skipped)
	}
	if err := os.Remove(filepath.Join(medium, "sources", "boot.wim")); err != nil {
		t.Fatal(err)
	}
	wimAt(t, filepath.Join(medium, "sources", "boot.wim"), "PE")
	*now = now.Add(refreshEvery)
	if got, want := titlesIn(t, "\n", c), "Local disk\nwinmedia"; got != want || c.skipped != "" {
		t.Errorf("got\n%s\nwant\n%s\nskipped %s", got, want, c.skipped)
	}
	targettest.ISOAt(t, filepath.Join(medium, "a.iso"), "alpine-std 3.19", "")
	*now = now.Add(refreshEvery)
	if got, want := titlesIn(t, "\n", c), "Local disk\nwinmedia/winmedia\nwinmedia/Alpine Linux (alpine-std 3.19)"; got != want {
		t.Errorf("with an image of a disc beside it\n%s\nwant\n%s", got, want)
	}
}

// Modules of Syslinux that only its configurations and its other modules use are no items
// of a menu, nor told as files that can't be booted; one with a command line is.
func TestSyslinuxModulesInFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ldlinux.c32", "libcom32.c32", "libutil.c32", "menu.c32", "VESAMENU.C32", "chain.c32", "mboot.c32", "hdt.c32"} {
		moduleAt(t, filepath.Join(dir, "isolinux", name))
	}
	putFiles(t, dir, map[string]string{"isolinux/mboot.c32.cmdline": "xen.gz"})
	var said []string
	c, _ := opened(t, dir, &said)
	if got, want := titlesIn(t, "\n", c), "Local disk\nisolinux/hdt.c32\nisolinux/mboot.c32"; got != want || c.skipped != "" {
		t.Errorf("got\n%s\nwant\n%s\nskipped %s", got, want, c.skipped)
	}
}

// moduleAt writes an ELF file as modules of Syslinux are, which needs nothing.
func moduleAt(t *testing.T, path string) {
	t.Helper()
	h := make([]byte, 52)
	copy(h, "\x7fELF\x01\x01\x01")
	h[16], h[18], h[20], h[40], h[42], h[46] = 3, 3, 1, 52, 32, 40
	putFiles(t, filepath.Dir(path), map[string]string{filepath.Base(path): string(h)})
}

// Of the bounds of a look the one is told that was met. Links that lead nowhere and folders
// count as files.
func TestBoundsOfFolders(t *testing.T) {
	deep := t.TempDir()
	putFiles(t, deep, map[string]string{"a/b/c/d/file.efi": "", "a/b/c/e/file.efi": ""})
	many := t.TempDir()
	for n := range groupFiles/2 + 1 {
		if err := errors.Join(os.Symlink("nowhere", filepath.Join(many, fmt.Sprint(n))), os.Mkdir(filepath.Join(many, fmt.Sprint("a", n)), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{
		deep: "a/b/c/d lies deeper than the 4 folders that are looked into, and so does 1 other folder",
		many: "only the first 4096 files were looked at",
	} {
		var said []string
		c, _ := opened(t, dir, &said)
		if !strings.HasSuffix(c.skipped, want) {
			t.Errorf("skipped %q, want at its end %q", c.skipped, want)
		}
	}
}
