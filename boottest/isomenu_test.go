package boottest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// An image of a disc that came into a folder below once Spur ran is in the menu under what it
// calls itself, beside a kernel, and its system boots out of it once it is chosen.
func TestMenuOfISOs(t *testing.T) {
	w := newWorld(t)
	dir := w.targets()
	w.addKernel(dir, "Rescue", "item=rescue")
	spur := w.beside("boot", dir, "--menu", "--menu-timeout", "255", "--cmdline", "console=ttyS0 no_timer_check spur.up={{ UP }}")
	iso, err := os.ReadFile(w.isoOf("alpine-std 3.19", map[string]string{
		"apks/.boot_repository": "", "boot/modloop-virt": "the modules\n", "boot/vmlinuz-virt": built.kernel, "boot/initramfs-virt": built.initrd,
		"boot/grub/grub.cfg": "menuentry \"System\" {\n linux /boot/vmlinuz-virt modules=loop,squashfs\n initrd /boot/initramfs-virt\n}\n",
	}))
	w.check(err)
	discs := filepath.Join(dir, "discs")
	w.check(os.Mkdir(discs, 0o755))
	w.check(os.WriteFile(filepath.Join(discs, "medium.iso"), iso, 0o644))
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.choose(m, `\[d\] discs`)
	w.choose(m, `\[r\] Rescue`, "d")
	w.choose(m, `\[a\] Alpine Linux \(alpine-std 3\.19\)`, "a")
	w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*modloop=http://10\.77\.0\.1/\S+/modloop-virt console=ttyS0`)
	w.told(spur, m, `"step":"up"`)
}
