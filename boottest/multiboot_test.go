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
func TestMultibootFromFolder(t *testing.T) {
	w := newWorld(t)
	dir := w.TempDir()
	w.multiboot(filepath.Join(dir, "booter"))
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

// multiboot builds a kernel that prints what it was started with.
func (w *world) multiboot(kernel string, flags ...string) {
	w.Helper()
	object := filepath.Join(w.TempDir(), "kernel.o")
	w.run("as", append(flags, "--32", "-o", object, "multiboot/kernel.s")...)
	w.run("ld", "-n", "-m", "elf_i386", "-Ttext", "0x100000", "-o", kernel, object)
}

// A kernel of the user's own starts with its modules, by each loader that starts one.
// iPXE has no use for one in a gzip file, and gets it unpacked.
func TestMultiboot(t *testing.T) {
	t.Parallel()
	modules := func(w *world) string {
		return w.folderOf(lpxelinux, ldlinux, [2]string{"syslinux-common", "usr/lib/syslinux/modules/bios/mboot.c32"}, [2]string{"syslinux-common", "usr/lib/syslinux/modules/bios/libcom32.c32"})
	}
	grub := func(row string) func(*world) string { return func(w *world) string { return w.madeGRUB(row) } }
	for _, tt := range []struct {
		route    string
		loader   string
		folder   func(*world) string // of the loader; nil for the host's own
		firmware lab.Firmware
		port     lab.Port
		packed   bool
		name     string // by which the kernel is told a file
		by       string
	}{
		{"ipxe-http", "ipxe", nil, lab.BIOS, lab.Port{}, true, `http://\S+/`, "multiboot"},
		{"bios-lpxelinux", "pxelinux", modules, lab.BIOS, lab.Port{PlainROM: true}, false, `http://\S+/`, "multiboot"},
		{"bios-grub", "grub", grub("grub-pc-bin"), lab.BIOS, lab.Port{PlainROM: true}, false, "", "multiboot2"},
		{"uefi-grub", "grub", grub("grub-efi-amd64-bin"), lab.UEFI, lab.Port{}, false, "", "multiboot2"},
	} {
		t.Run(tt.route, func(t *testing.T) {
			w := newWorld(t)
			dir := w.TempDir()
			kernel, name := filepath.Join(dir, "kernel"), "kernel"
			w.multiboot(kernel)
			if tt.packed {
				w.run("gzip", kernel)
				kernel, name = kernel+".gz", "kernel.gz"
			}
			w.write(dir, map[string]string{"data.gz": "the data"})
			args := []string{"boot", kernel, "--cmdline", "debug=1 x", "--module", filepath.Join(dir, "data.gz") + " first one",
				"--module", filepath.Join(dir, "data.gz"), "--loader", tt.loader, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"}
			if tt.folder != nil {
				args = append(args, "--loaders", tt.folder(w))
			}
			spur := w.spur(args...)
			m := w.machine("machine", tt.firmware, tt.port)
			w.prints(m, spur, tt.by+" kernel: "+tt.name+name+" debug=1 x\\s", `module: `+tt.name+`data\.gz first one has the data\s`,
				`module: `+tt.name+`data\.gz has the data\s`, `multiboot kernel: done`)
			w.told(spur, m, `"step":"fetch-end".*"role":"kernel"`)
			w.took(spur, m, tt.route)
		})
	}
}
