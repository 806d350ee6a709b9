package boottest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// debianEFI is what Debian's signed loaders for an architecture are called, and lie in.
type debianEFI struct{ efi, shim, grub string }

func debianEFIs() map[boot.Arch]debianEFI {
	return map[boot.Arch]debianEFI{
		boot.X64:   {"x64", "shim-signed", "grub-efi-amd64-signed/trixie"},
		boot.ARM64: {"aa64", "shim-signed:arm64", "grub-efi-arm64-signed:arm64/trixie"},
	}
}

// signedISO makes an ISO image of a live system with Debian's shim and a GRUB of Debian
// 13's (grubnet or gcd), signed as they are: in its El Torito image alone, or among its files
// alone.
func (w *world) signedISO(arch boot.Arch, grub, initrd string, inBootImage bool) string {
	w.Helper()
	debian := debianEFIs()[arch]
	first, second := "BOOT"+strings.ToUpper(debian.efi)+".EFI", "grub"+debian.efi+".efi"
	programs := map[string]string{}
	for name, from := range map[string][2]string{
		first:  {debian.shim, "usr/lib/shim/shim" + debian.efi + ".efi.signed"},
		second: {debian.grub, "usr/lib/grub/*-efi-signed/" + grub + debian.efi + ".efi.signed"},
	} {
		path, err := lab.Unpacked(from[0], from[1])
		w.check(err)
		programs[name] = path
	}
	kernel, err := lab.KernelFor(arch)
	w.check(err)
	if arch == boot.ARM64 && grub == "grubnet" {
		kernel = w.gzipped(kernel) // as on Ubuntu's media
	}
	files := map[string]string{
		".disk/info": "Debian GNU/Linux Live 13\n", "live/vmlinuz": kernel, "live/initrd.img": initrd, "live/filesystem.squashfs": "hsqs",
		"boot/grub/grub.cfg": "set timeout=0\nmenuentry \"Live system\" {\n linux /live/vmlinuz boot=live components console=" + lab.SerialPort(arch) + " no_timer_check spur.lab=stay\n initrd /live/initrd.img\n}\n",
	}
	if !inBootImage {
		for name, path := range programs {
			files["EFI/BOOT/"+name] = path
		}
		return w.isoOf("d-live 13 test", files)
	}
	image := w.emptyFile("efi.img", 40)
	w.fat(image, 40, first, programs[first])
	w.run("mcopy", "-i", image, programs[second], "::/EFI/BOOT/"+second)
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
		arch        boot.Arch
		inBootImage bool
		route       string
	}{
		{lab.SecureBoot, boot.X64, true, "uefi-medium-shim-grub"},
		{lab.SecureBootHTTP, boot.X64, false, "uefi-http-medium-shim-grub"},
		{lab.ARM64SecureBoot, boot.ARM64, true, "uefi-medium-shim-grub"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			_, initrd, _ := w.linuxFor(tt.arch)
			iso := w.signedISO(tt.arch, "grubnet", initrd, tt.inBootImage)
			console := "console=" + lab.SerialPort(tt.arch)
			spur := w.bare("boot", iso, "--secure-boot", "on", "--cmdline", console+" no_timer_check spur.up={{ UP }}")
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*fetch=http://\S+/filesystem\.squashfs `+console+`.*firmware=\[uefi\]`)
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
		arch     boot.Arch
		args     func(*world) []string
		route    string
	}{
		{lab.SecureBootHTTP, boot.X64, withSecureBoot, "uefi-http-whole"},
		{lab.UEFI, boot.X64, (*world).ramdiskPrograms, "uefi-whole"},
		{lab.ARM64SecureBootHTTP, boot.ARM64, withSecureBoot, "uefi-http-whole"},
		{lab.ARM64, boot.ARM64, (*world).ramdiskPrograms, "uefi-whole"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			initrd := filepath.Join(w.TempDir(), "initrd.gz")
			w.check(lab.Initramfs(initrd, lab.InitramfsOptions{Arch: tt.arch, Modules: []string{"libnvdimm", "nfit", "nd_btt", "nd_pmem", "isofs"}}))
			iso := w.signedISO(tt.arch, "gcd", initrd, true)
			spur := w.bare(append([]string{"boot", iso}, tt.args(w)...)...)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*boot=live components console=`+lab.SerialPort(tt.arch)+`.*firmware=\[uefi\]`, `SPUR-LAB-STAYS`)
			_, err := m.Write([]byte("mkdir /medium; mount -t iso9660 -o ro /dev/pmem0 /medium; cat /medium/.disk/info\n"))
			w.check(err)
			w.prints(m, spur, `(?m)^Debian GNU/Linux Live 13`)
			w.took(spur, m, tt.route)
		})
	}
}

// withSecureBoot says of all machines that they have Secure Boot on.
func withSecureBoot(*world) []string { return []string{"--secure-boot", "on"} }
