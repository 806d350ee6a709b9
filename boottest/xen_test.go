package boottest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// Xen starts with a kernel of Debian's as its first domain, which runs what is in its
// initrd: as a Multiboot kernel, by whose loaders its text stands behind the file's name, and
// by its own program for UEFI, which reads a configuration that Spur writes.
func TestXen(t *testing.T) {
	t.Parallel()
	const efi = "boot/xen-*-amd64.efi"
	grub := func(w *world) []string {
		return []string{"--loader", "grub", "--loaders", w.madeGRUB("grub-efi-amd64-bin")}
	}
	ipxe := func(*world) []string { return []string{"--loader", "ipxe"} }
	none := func(*world) []string { return nil }
	start := func(w *world, args []string) *lab.Process { return w.spur(args...) }
	withoutIPXE := func(w *world, args []string) *lab.Process { return w.spurWithout("/usr/lib/ipxe", args...) }
	for _, tt := range []struct {
		name, file string
		firmware   lab.Firmware
		args       func(*world) []string
		start      func(*world, []string) *lab.Process
		routes     []string
	}{
		{"bios", "boot/xen-*-amd64.gz", lab.BIOS, none, start, []string{"ipxe-http"}},
		{"grub", "boot/xen-*-amd64.gz", lab.UEFI, grub, start, []string{"uefi-grub"}},
		{"efi", efi, lab.UEFI, none, start, []string{"uefi-x64-snponly", "ipxe-http"}},
		{"efi-ramdisk", efi, lab.UEFI, (*world).ramdiskPrograms, withoutIPXE, []string{"uefi-xen-ramdisk"}},
		{"efi-http-ipxe", efi, lab.UEFIHTTP, ipxe, start, []string{"uefi-x64-http-snponly", "ipxe-http"}},
		{"efi-http", efi, lab.UEFIHTTP, none, start, []string{"uefi-http"}},
		{"efi-keys", efi, lab.SnakeOil, (*world).withKeys, start, []string{"uefi-x64-snponly", "ipxe-http"}},
		{"efi-http-keys", efi, lab.SnakeOilHTTP, (*world).withKeys, start, []string{"uefi-http"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			spur := tt.start(w, slices.Concat([]string{"boot"}, w.xen(tt.file), tt.args(w)))
			m, err := w.lab.Boot("machine", lab.Hardware{Firmware: tt.firmware, Memory: 1024, Ports: []lab.Port{{Wire: w.wire}}})
			w.check(err)
			w.prints(m, spur, `Xen version 4\.17`, `first program: on xen with .*console=hvc0`, `dom0 login: `)
			w.took(spur, m, tt.routes...)
		})
	}
}

// xen are the arguments by which a file of Xen's package boots with a first domain.
func (w *world) xen(file string) []string {
	w.Helper()
	xen, err := lab.Unpacked("xen-hypervisor-4.17-amd64", file)
	w.check(err)
	kernel, err := lab.Unpacked("linux-image-amd64", "boot/vmlinuz-*")
	w.check(err)
	return []string{xen, "--cmdline", "console=com1 dom0_mem=384M noreboot smap=0 smep=0", "--module", kernel + " console=hvc0 quiet",
		"--module", w.firstProgram("/bin/busybox"), "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"}
}

// Xen for arm64 does so by its own program alone, on a processor that has its privileges.
func TestXenARM64(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		args     func(*world) []string
		routes   []string
	}{
		{lab.ARM64, func(w *world) []string { return w.loadersOf(ipxeTrixie) }, []string{"uefi-arm64-ipxe", "ipxe-http"}},
		{lab.ARM64HTTP, func(*world) []string { return nil }, []string{"uefi-http"}},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			xen, err := lab.Unpacked("xen-hypervisor-4.17-arm64:arm64", "boot/xen-*-arm64.efi")
			w.check(err)
			kernel, err := lab.KernelFor(boot.ARM64)
			w.check(err)
			busybox, err := lab.Unpacked("busybox-static:arm64", "bin/busybox")
			w.check(err)
			spur := w.spur(append([]string{"boot", xen, "--cmdline", "console=dtuart dom0_mem=512M noreboot", "--module", kernel + " console=hvc0 quiet",
				"--module", w.firstProgram(busybox), "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"}, tt.args(w)...)...)
			// Xen knows the machine by its device tree.
			m, err := w.lab.Boot("machine", lab.Hardware{Firmware: tt.firmware, Memory: 2048, Ports: []lab.Port{{Wire: w.wire}}, Args: []string{"-machine", "virtualization=on,acpi=off"}})
			w.check(err)
			w.prints(m, spur, `Xen version 4\.17`, `first program: on xen with .*console=hvc0`, `dom0 login: `)
			w.took(spur, m, tt.routes...)
		})
	}
}

// firstProgram is an initrd whose first program, which is a busybox, says by what it was
// started, and asks who wants to log in.
func (w *world) firstProgram(busybox string) string {
	w.Helper()
	dir, initrd := w.TempDir(), filepath.Join(w.TempDir(), "initrd.img")
	w.check(os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	w.write(dir, map[string]string{"init": "#!/bin/busybox sh\n/bin/busybox mkdir /proc /sys\n/bin/busybox mount -t proc proc /proc\n/bin/busybox mount -t sysfs sysfs /sys\n/bin/busybox mkdir -p /dev\n/bin/busybox mount -t devtmpfs dev /dev\n/bin/busybox hostname dom0\n" +
		"echo first program: on $(/bin/busybox cat /sys/hypervisor/type) with $(/bin/busybox cat /proc/cmdline)\nwhile :; do /bin/busybox setsid /bin/busybox getty -L 0 hvc0; done\n"})
	w.check(os.Chmod(filepath.Join(dir, "init"), 0o755))
	w.run("cp", busybox, filepath.Join(dir, "bin/busybox"))
	w.run("sh", "-c", `cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 >"$2"`, "sh", dir, initrd)
	return initrd
}
