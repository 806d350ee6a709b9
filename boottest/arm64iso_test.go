package boottest

import (
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// loadersARM64 are the loaders by which machines of 64-bit ARM boot kernels.
func (w *world) loadersARM64() []string { return w.loadersOf(stubARM64, ipxeTrixie) }

// armContents are what media for 64-bit ARM are made of: Debian's kernel, and an initrd of ours
// that does what a family's does.
func (w *world) armContents() contents {
	w.Helper()
	kernel, err := lab.KernelFor(boot.ARM64)
	w.check(err)
	initrd := filepath.Join(w.TempDir(), "initrd.gz")
	w.check(lab.Initramfs(initrd, lab.InitramfsOptions{
		Arch: boot.ARM64, Modules: []string{"loop", "squashfs", "isofs"}, Files: map[string]string{"family.sh": familyScript},
	}))
	return contents{kernel: kernel, initrd: initrd, root: w.squashfs("who", map[string]string{"who": who + "\n"})}
}

// gzipped is a file in a gzip file.
func (w *world) gzipped(path string) string {
	w.Helper()
	packed := filepath.Join(w.TempDir(), filepath.Base(path)+".gz")
	w.sh("gzip -1 -n -c " + path + " >" + packed)
	return packed
}

// Debian's installer for networks boots on 64-bit ARM out of its mini.iso, over PXE by iPXE, and
// comes to its first question.
func TestDebianNetbootISOARM64(t *testing.T) {
	w := newWorld(t)
	tree, err := lab.Unpacked("debian-installer-12-netboot-arm64", "usr/lib/debian-installer/images/12/arm64/text/debian-installer/arm64")
	w.check(err)
	iso := w.isoOf("ISOIMAGE", map[string]string{
		"linux": filepath.Join(tree, "linux"), "initrd.gz": filepath.Join(tree, "initrd.gz"),
		"boot/grub/grub.cfg": "set timeout=30\nmenuentry 'Install' {\n linux /linux --- quiet\n initrd /initrd.gz\n}\n",
	})
	spur := w.beside(append([]string{"boot", iso, "--cmdline", "console=ttyAMA0 no_timer_check"}, w.loadersARM64()...)...)
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.ARM64, Ports: []lab.Port{{Wire: w.wire}}, Memory: 1280})
	w.check(err)
	w.prints(m, spur, `Select a language`)
	w.took(spur, m, "uefi-arm64-ipxe", "ipxe-http")
}

// systemsARM64 are the layouts of media for 64-bit ARM, with what is typed into their initrds.
// Media for 64-bit ARM often have their kernel in a gzip file (packed), as Ubuntu's do.
var systemsARM64 = []struct {
	family   string
	packed   bool
	firmware lab.Firmware
	fetches  string
	routes   []string
}{
	{"ubuntu-server", true, lab.ARM64HTTP, `iso "$(fetch "$(arg url)")" casper/min.squashfs`, []string{"uefi-http"}},
	{"dracut-live", true, lab.ARM64, `squashfs "$(fetch "$(arg root | cut -d: -f2-)")"`, []string{"uefi-arm64-ipxe", "ipxe-http"}},
	{"opensuse-arm64", false, lab.ARM64HTTP, `squashfs "$(fetch "$(arg install)/boot/aarch64/root")"`, []string{"uefi-http"}},
}

// Live systems and installers boot on 64-bit ARM, down to what their root says.
func TestFamiliesARM64(t *testing.T) {
	t.Parallel()
	for _, tt := range systemsARM64 {
		t.Run(tt.family, func(t *testing.T) {
			w := newWorld(t)
			given := w.armContents()
			if tt.packed {
				given.kernel = w.gzipped(given.kernel)
			}
			iso := w.layout(w.layoutOf(tt.family), given)
			spur := w.beside(append([]string{"boot", iso, "--cmdline", "console=ttyAMA0 spur.up={{ UP }} spur.lab=stay"}, w.loadersARM64()...)...)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `(?s)SPUR-LAB-STAYS.*/ # `)
			_, err := m.Write([]byte(". /family.sh; " + tt.fetches + "\n"))
			w.check(err)
			w.prints(m, spur, who)
			w.told(spur, m, `"step":"up"`)
			w.took(spur, m, tt.routes...)
		})
	}
}

// A medium with kernels for two architectures boots a machine of each by its own.
func TestISOForTwoArchitectures(t *testing.T) {
	w := newWorld(t)
	arm := w.armContents()
	iso := w.isoOf("Debian 13.1.0 multi n", map[string]string{
		".disk/info": "Debian GNU/Linux 13.1.0", "dists/trixie/Release": "Suite: stable\n",
		"install.amd/vmlinuz": built.kernel, "install.amd/initrd.gz": built.initrd, "install.a64/vmlinuz": arm.kernel, "install.a64/initrd.gz": arm.initrd,
		"boot/grub/grub.cfg": "menuentry 'Install' {\n linux /install.amd/vmlinuz --- quiet\n initrd /install.amd/initrd.gz\n}\n",
	})
	const line = "console=ttyS0 console=ttyAMA0 no_timer_check spur.up={{ UP }} spur.lab=stay"
	spur := w.beside(append([]string{"boot", iso, "--cmdline", line}, w.loadersARM64()...)...)
	for name, tt := range map[string]struct {
		firmware lab.Firmware
		machine  string
		routes   []string
	}{
		"x64":   {lab.UEFIHTTP, "x86_64", []string{"uefi-http"}},
		"arm64": {lab.ARM64HTTP, "aarch64", []string{"uefi-http"}},
	} {
		m := w.machine(name, tt.firmware, lab.Port{})
		w.prints(m, spur, `(?s)SPUR-LAB-STAYS.*/ # `)
		_, err := m.Write([]byte("cat /cdrom/.disk/info; uname -m\n"))
		w.check(err)
		w.prints(m, spur, `Debian GNU/Linux 13\.1\.0\s*`+tt.machine)
		w.took(spur, m, tt.routes...)
	}
}

// A machine for which there is no kernel on a medium hears why it isn't booted.
func TestISOOfAnotherArchitecture(t *testing.T) {
	w := newWorld(t)
	iso := w.layout(w.layoutOf("casper"), contents{kernel: built.kernel, initrd: built.initrd, root: built.note})
	spur := w.beside(append([]string{"boot", iso}, w.loadersARM64()...)...)
	m := w.machine("machine", lab.ARM64, lab.Port{})
	w.told(spur, m, `medium\.iso has a kernel for x64, the machine is arm64`)
}
