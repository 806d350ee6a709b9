package boottest

import (
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// signedISO makes an ISO image of a live system with Debian's shim and a GRUB of Debian
// 13's, signed as they are: in its El Torito image alone, or among its files alone.
func (w *world) signedISO(grub, initrd string, inBootImage bool) string {
	w.Helper()
	programs := map[string]string{}
	for name, from := range map[string][2]string{
		"BOOTX64.EFI": {"shim-signed", "usr/lib/shim/shimx64.efi.signed"},
		"grubx64.efi": {"grub-efi-amd64-signed/trixie", "usr/lib/grub/x86_64-efi-signed/" + grub},
	} {
		path, err := lab.Unpacked(from[0], from[1])
		w.check(err)
		programs[name] = path
	}
	files := map[string]string{
		".disk/info": "Debian GNU/Linux Live 13\n", "live/vmlinuz": built.kernel, "live/initrd.img": initrd, "live/filesystem.squashfs": "hsqs",
		"boot/grub/grub.cfg": "set timeout=0\nmenuentry \"Live system\" {\n linux /live/vmlinuz boot=live components console=ttyS0 no_timer_check spur.lab=stay\n initrd /live/initrd.img\n}\n",
	}
	if !inBootImage {
		for name, path := range programs {
			files["EFI/BOOT/"+name] = path
		}
		return w.isoOf("d-live 13 test", files)
	}
	image := w.emptyFile("efi.img", 40)
	w.fat(image, 40, "BOOTX64.EFI", programs["BOOTX64.EFI"])
	w.run("mcopy", "-i", image, programs["grubx64.efi"], "::/EFI/BOOT/grubx64.efi")
	files["boot/grub/efi.img"] = image
	return w.isoOf("d-live 13 test", files, "-e", "boot/grub/efi.img", "-no-emul-boot")
}

// bare starts Spur on a host that has no loader of its own, but those named.
func (w *world) bare(args ...string) *lab.Process {
	w.Helper()
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	line := []string{"-m", "sh", "-c", `for d in /usr/lib/ipxe /usr/lib/systemd/boot/efi; do mount -t tmpfs none $d || exit; done; exec "$@"`, "sh", built.spur}
	return w.serving("unshare", append(line, args...)...)
}

// Machines with Secure Boot on boot an ISO image by the shim and the GRUB that are on it,
// by a host that has neither, and with the medium's loaders among its files as in its boot
// image.
func TestSecureBootByISO(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware    lab.Firmware
		inBootImage bool
		route       string
	}{
		{lab.SecureBoot, true, "uefi-medium-shim-grub"},
		{lab.SecureBootHTTP, false, "uefi-http-medium-shim-grub"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			iso := w.signedISO("grubnetx64.efi.signed", built.initrd, tt.inBootImage)
			spur := w.bare("boot", iso, "--secure-boot", "on", "--cmdline", "console=ttyS0 no_timer_check spur.up={{ UP }}")
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*fetch=http://\S+/filesystem\.squashfs console=ttyS0.*firmware=\[uefi\]`)
			w.told(spur, m, `"step":"up"`)
			w.took(spur, m, tt.route)
		})
	}
}

// An ISO whose GRUB has no network boots as a whole, its own menu and all: by HTTP Boot
// with Secure Boot on, and over PXE, where nothing else starts it, by Spur's RAM-disk
// program. Its system finds its medium in memory.
func TestWholeISO(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		args     func(*world) []string
		route    string
	}{
		{lab.SecureBootHTTP, func(*world) []string { return []string{"--secure-boot", "on"} }, "uefi-http-whole"},
		{lab.UEFI, (*world).ramdiskPrograms, "uefi-whole"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			initrd := filepath.Join(w.TempDir(), "initrd.gz")
			w.check(lab.Initramfs(initrd, lab.InitramfsOptions{Modules: []string{"libnvdimm", "nfit", "nd_btt", "nd_pmem", "isofs"}}))
			iso := w.signedISO("gcdx64.efi.signed", initrd, true)
			spur := w.bare(append([]string{"boot", iso}, tt.args(w)...)...)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*boot=live components console=ttyS0.*firmware=\[uefi\]`, `SPUR-LAB-STAYS`)
			_, err := m.Write([]byte("mkdir /medium; mount -t iso9660 -o ro /dev/pmem0 /medium; cat /medium/.disk/info\n"))
			w.check(err)
			w.prints(m, spur, `(?m)^Debian GNU/Linux Live 13`)
			w.took(spur, m, tt.route)
		})
	}
}
