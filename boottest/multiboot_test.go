package boottest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Darwin on a PC by PXELINUX and its mboot.c32, Debian's both, from a folder of the
// user's own: they start a multiboot kernel, which stands for a booter of Darwin's that
// is one, with its command line and a RAM disk.
func TestMultiboot(t *testing.T) {
	w := newWorld(t)
	dir := w.TempDir()
	object := filepath.Join(w.TempDir(), "kernel.o")
	w.run("as", "--32", "-o", object, "multiboot/kernel.s")
	w.run("ld", "-n", "-m", "elf_i386", "-Ttext", "0x100000", "-o", filepath.Join(dir, "booter"), object)
	for row, pattern := range map[string]string{
		"pxelinux": "usr/lib/PXELINUX/pxelinux.0", "syslinux-common": "usr/lib/syslinux/modules/bios",
	} {
		at, err := lab.Unpacked(row, pattern)
		w.check(err)
		names := []string{"ldlinux.c32", "libcom32.c32", "mboot.c32"}
		if row == "pxelinux" {
			at, names = filepath.Dir(at), []string{"pxelinux.0"}
		}
		for _, name := range names {
			content, err := os.ReadFile(filepath.Join(at, name))
			w.check(err)
			w.check(os.WriteFile(filepath.Join(dir, name), content, 0o644))
		}
	}
	w.check(os.Mkdir(filepath.Join(dir, "pxelinux.cfg"), 0o755))
	w.write(dir, map[string]string{
		"ramdisk.img":          "the RAM disk",
		"pxelinux.cfg/default": "DEFAULT darwin\nLABEL darwin\n  KERNEL mboot.c32\n  APPEND booter rp=http://10.77.0.1/root.dmg --- ramdisk.img first\n",
	})
	spur := w.beside("boot", dir)
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.prints(m, spur, `multiboot kernel: booter rp=http://10\.77\.0\.1/root\.dmg`, `module: ramdisk\.img first has the RAM disk`, `multiboot kernel: done`)
	w.told(spur, m, `"step":"fetch-end".*"file":"booter"`)
	w.took(spur, m, "bios-nbp")
}
