package boottest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// ownDHCP has Spur give the addresses, without which no U-Boot hears it.
func ownDHCP() []string { return []string{"--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"} }

// uBoot starts `spur boot` for boards of an architecture, with what more it needs.
func (w *world) uBoot(arch boot.Arch, more ...string) *lab.Process {
	w.Helper()
	kernel, initrd, cmdline := w.linuxFor(arch)
	if arch == boot.ARM64 {
		kernel = w.gzipped(kernel) // as for many boards, few of which unpack it
	}
	args := append([]string{"boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline}, ownDHCP()...)
	return w.spur(append(args, more...)...)
}

// Boards with U-Boot find their script by themselves, the kernel by it, and need no
// loader of this host.
func TestUBoot(t *testing.T) {
	t.Parallel()
	for _, firmware := range []lab.Firmware{lab.UBootARM64Old, lab.UBootRISCV64, lab.UBootRISCV64Old} {
		t.Run(string(firmware), func(t *testing.T) {
			w := newWorld(t)
			asks, err := firmware.Asks()
			w.check(err)
			explained := w.explained()
			spur := w.uBoot(asks.Arch)
			m := w.machine("board", firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, "uboot-script")
			explained(`asks to boot: U-Boot`, `script boot\.scr\.uimg`, `kernel \S+: \d+ MiB`, `as far as can be seen, all went well`)
		})
	}
}

// The environment of 2025 for QEMU's ARM board looks on the network for an EFI
// application alone, and lacks what it takes to start one. It boots once it is told to
// look as others do: for a configuration, or for a script.
func TestUBootTold(t *testing.T) {
	t.Parallel()
	for _, told := range []string{"boot_targets pxe", "boot_script_dhcp boot.scr.uimg"} {
		t.Run(told, func(t *testing.T) {
			w := newWorld(t)
			spur := w.uBoot(boot.ARM64)
			m := w.machine("board", lab.UBootARM64, lab.Port{})
			w.prompt(m)
			w.types(m, "setenv "+told)
			_, err := m.Write([]byte("boot\n"))
			w.check(err)
			w.up(m, spur)
			w.took(spur, m, "uboot-script")
		})
	}
}

// What U-Boot's shell can't be told boots by its EFI, for which it asks next, with all
// in one application.
func TestUBootEFI(t *testing.T) {
	t.Parallel()
	for firmware, stub := range map[lab.Firmware]string{lab.UBootARM64Old: stubARM64, lab.UBootRISCV64Old: stubRISCV64} {
		t.Run(string(firmware), func(t *testing.T) {
			w := newWorld(t)
			asks, err := firmware.Asks()
			w.check(err)
			kernel, initrd, cmdline := w.linuxFor(asks.Arch)
			args := append([]string{"boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline + " it's=said"}, ownDHCP()...)
			spur := w.spur(append(args, w.loadersOf(stub)...)...)
			m := w.machine("board", firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, "uboot-efi")
		})
	}
}

// Who types pxe get finds the configuration beside whatever U-Boot was offered.
func TestUBootPXELINUX(t *testing.T) {
	w := newWorld(t)
	spur := w.uBoot(boot.ARM64)
	m := w.machine("board", lab.UBootARM64, lab.Port{})
	w.prompt(m)
	for _, line := range []string{"setenv bootp_vci PXEClient:Arch:0000b:UNDI:003000", "setenv bootp_arch b", "dhcp", "pxe get"} {
		w.types(m, line)
	}
	_, err := m.Write([]byte("pxe boot\n"))
	w.check(err)
	w.up(m, spur)
	w.took(spur, m, "uboot-pxelinux")
}

// prompt keeps a board from booting by itself.
func (w *world) prompt(m *lab.Machine) {
	w.Helper()
	_, err := m.WaitFor(w.ctx, "stop autoboot")
	w.check(err)
	_, err = m.Write([]byte("\n"))
	w.check(err)
	_, err = m.WaitFor(w.ctx, "=> ")
	w.check(err)
}

// types gives a board a command, and waits until it has done it.
func (w *world) types(m *lab.Machine, line string) {
	w.Helper()
	before := m.Serial().Mark()
	_, err := m.Write([]byte(line + "\n"))
	w.check(err)
	_, err = m.Serial().WaitAfter(w.ctx, before, `\n=> `)
	w.check(err)
}

// Beside a DHCP server of somebody else U-Boot comes to Spur where that names its
// address as next-server; on Spur's own host dnsmasq does so by itself.
func TestUBootBesideDHCPServer(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*world){
		"on another host": func(w *world) {
			_, err := lab.DNSMasq{Host: w.otherHost("dhcp", dhcpAddr), Range: dhcpRange, Args: []string{"--dhcp-boot=nothing,," + homeAddr}}.Start(w.ctx)
			w.check(err)
		},
		"on the same host": func(w *world) { w.foreignDHCP(w.home) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			start(w)
			kernel, initrd, cmdline := w.linuxFor(boot.ARM64)
			spur := w.spur("boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline)
			m := w.machine("board", lab.UBootARM64Old, lab.Port{})
			w.up(m, spur)
		})
	}
}

// Where the DHCP server names somebody else, the story says what to do.
func TestUBootUnheard(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	kernel, initrd, _ := w.linuxFor(boot.ARM64)
	spur := w.spur("boot", kernel, initrd)
	m := w.machine("board", lab.UBootARM64Old, lab.Port{})
	w.told(spur, m, `U-Boot takes what to boot only from the DHCP server that gives its address`)
}

// A board that is given a device tree boots with it.
func TestUBootDeviceTree(t *testing.T) {
	w := newWorld(t)
	qemu, err := lab.Unpacked("qemu-system-riscv/bookworm-backports", "usr/bin/qemu-system-riscv64")
	w.check(err)
	tree := filepath.Join(t.TempDir(), "board.dtb")
	dump := exec.CommandContext(w.ctx, qemu, "-machine", "virt,acpi=off,dumpdtb="+tree, "-cpu", "rv64", "-m", "2048", "-display", "none")
	if out, err := dump.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	spur := w.uBoot(boot.RISCV64, "--dtb", tree)
	m := w.machine("board", lab.UBootRISCV64, lab.Port{})
	w.up(m, spur)
	w.told(spur, m, `"file":"dtb/board.dtb"`)
	w.took(spur, m, "uboot-script")
}

// An EFI application is started by U-Boot's script as it is.
func TestUBootEFIApplication(t *testing.T) {
	w := newWorld(t)
	kernel, initrd, _ := w.linuxFor(boot.ARM64)
	stub, err := lab.Unpacked(stubARM64, "usr/lib/systemd/boot/efi/linuxaa64.efi.stub")
	w.check(err)
	spur := w.spur(append([]string{"boot", w.applicationOf(stub, kernel, initrd, "console=ttyAMA0 by=itself")}, ownDHCP()...)...)
	m := w.machine("board", lab.UBootARM64Old, lab.Port{})
	up, err := m.WaitFor(w.ctx, lab.Up)
	if err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	if !strings.Contains(up.Groups[0], "by=itself") {
		t.Errorf("the kernel has the command line %q", up.Groups[0])
	}
	w.took(spur, m, "uboot-script")
}

// A kernel in an image of U-Boot's own starts like any other, and is unpacked by U-Boot.
func TestUBootImages(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"uImage", "FIT"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			kernel, initrd, cmdline := w.linuxFor(boot.ARM64)
			packed, image := filepath.Join(w.TempDir(), "Image.gz"), filepath.Join(w.TempDir(), "kernel.img")
			w.run("sh", "-c", `gzip -1 -c "$1" >"$2"`, "sh", kernel, packed)
			args := []string{"-A", "arm64", "-O", "linux", "-T", "kernel", "-C", "gzip", "-a", "0x48000000", "-e", "0x48000000", "-n", "Linux", "-d", packed, image}
			if kind == "FIT" { // of whose configurations this U-Boot takes the one with its board's device tree
				dtb := filepath.Join(w.TempDir(), "virt.dtb")
				w.run("qemu-system-aarch64", "-machine", "virt,dumpdtb="+dtb, "-cpu", "cortex-a57")
				args = append([]string{"-f", "auto", "-b", dtb}, args...)
			}
			w.run("mkimage", args...)
			spur := w.spur(append([]string{"boot", image, initrd, built.extra1, built.extra2, "--cmdline", cmdline}, ownDHCP()...)...)
			m := w.machine("board", lab.UBootARM64Old, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, "uboot-script")
		})
	}
}
