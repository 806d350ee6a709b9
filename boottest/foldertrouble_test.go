package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// systemFolder is a folder with a kernel and an initrd of the tests, and with files of
// unpacked packages.
func (w *world) systemFolder(files ...[2]string) string {
	w.Helper()
	dir := w.folderOf(files...)
	w.run("cp", built.kernel, filepath.Join(dir, "vmlinuz"))
	w.run("cp", built.initrd, filepath.Join(dir, "initrd"))
	return dir
}

// Folders that Syslinux will have trouble with: what Spur says of each at its start comes
// true on a machine. What is wrong in a configuration is served as it is.
func TestFolderInTrouble(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		files  [][2]string
		warns  string
		prints []string // by the machine, in this order
		told   string
	}{
		{
			"without ldlinux.c32", [][2]string{pxelinux}, `pxelinux\.0 stops at once without ldlinux\.c32`,
			[]string{`Failed to load ldlinux\.c32`}, `"step":"fetch-failed".*"file":"ldlinux.c32"`,
		},
		{
			"with an error in its configuration", [][2]string{pxelinux, ldlinux}, `pxelinux\.cfg/default, line 2, begins with .*nonsense`,
			[]string{lab.Up}, `"step":"fetch-end".*"file":"pxelinux.cfg/default"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.systemFolder(tt.files...)
			w.check(os.Mkdir(filepath.Join(dir, "pxelinux.cfg"), 0o755))
			w.write(filepath.Join(dir, "pxelinux.cfg"), map[string]string{
				"default": "serial 0 115200\nnonsense here\ndefault a\nlabel a\n kernel vmlinuz\n append initrd=initrd console=ttyS0 no_timer_check\n",
			})
			spur := w.beside("boot", dir)
			if _, err := spur.WaitFor(w.ctx, tt.warns); err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(20))
			}
			m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
			w.prints(m, spur, tt.prints...)
			w.told(spur, m, tt.told)
		})
	}
}

// A folder with a shim and a GRUB boots UEFI machines by HTTP Boot, and those whose ROM
// is an iPXE: that starts the folder's shim, which finds its GRUB beside it, and GRUB its
// configuration in the folder.
func TestFolderByShim(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		route    string
	}{
		{"HTTP Boot", lab.UEFIHTTP, lab.Port{}, "uefi-http"},
		{"iPXE", lab.UEFI, lab.Port{ROM: true}, "ipxe-http"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.systemFolder()
			chain := w.chainFolder("amd64", "x64", "/trixie")
			w.check(os.Rename(filepath.Join(chain, "shimx64.efi.signed"), filepath.Join(dir, "bootx64.efi")))
			w.check(os.Rename(filepath.Join(chain, "grubnetx64.efi.signed"), filepath.Join(dir, "grubx64.efi")))
			w.check(os.Mkdir(filepath.Join(dir, "grub"), 0o755))
			w.write(filepath.Join(dir, "grub"), map[string]string{"grub.cfg": "linux /vmlinuz console=ttyS0 no_timer_check mine\ninitrd /initrd\nboot\n"})
			spur := w.beside("boot", dir)
			m := w.machine("machine", tt.firmware, tt.port)
			at, err := m.WaitFor(w.ctx, lab.Up)
			if err != nil {
				w.Fatalf("%v\nSpur says:\n%s\nThe machine says:\n%s", err, spur.Tail(40), m.Serial().Tail(20))
			}
			if !strings.Contains(at.Groups[0], "no_timer_check mine") {
				w.Errorf("the command line is %q", at.Groups[0])
			}
			w.took(spur, m, tt.route)
		})
	}
}
