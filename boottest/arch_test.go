package boottest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// Machines of other architectures get their kernel in the ways that those of x64
// have.
func TestOtherArchitectures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		kernel   boot.Arch
		loaders  []string // rows of scripts/install
		routes   []string
	}{
		{lab.ARM64, boot.ARM64, []string{stubARM64}, []string{"uefi-tftp"}},
		{lab.ARM64HTTP, boot.ARM64, []string{stubARM64}, []string{"uefi-http"}},
		{lab.ARM64, boot.ARM64, []string{ipxeTrixie}, []string{"uefi-arm64-ipxe", "ipxe-http"}},
		{lab.ARM64HTTP, boot.ARM64, []string{ipxeTrixie}, []string{"uefi-arm64-http-ipxe", "ipxe-http"}},
		// EFI mixed mode: the kernel has 64 bits, the firmware 32.
		{lab.IA32, boot.X64, []string{stubIA32}, []string{"uefi-tftp"}},
		{lab.IA32HTTP, boot.X64, []string{stubIA32}, []string{"uefi-http"}},
		{lab.RISCV64, boot.RISCV64, []string{stubRISCV64}, []string{"uefi-tftp"}},
		{lab.RISCV64, boot.RISCV64, []string{ipxeTrixie}, []string{"uefi-riscv64-ipxe", "ipxe-http"}},
	} {
		t.Run(string(tt.firmware)+" "+tt.routes[0], func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			kernel, initrd, cmdline := w.linuxFor(tt.kernel)
			args := []string{"boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline}
			spur := w.spur(append(args, w.loadersOf(tt.loaders...)...)...)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, tt.routes...)
		})
	}
}

// An EFI application for arm64 boots as it is.
func TestEFIApplicationARM64(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	kernel, initrd, _ := w.linuxFor(boot.ARM64)
	stub, err := lab.Unpacked(stubARM64, "usr/lib/systemd/boot/efi/linuxaa64.efi.stub")
	w.check(err)
	spur := w.spur("boot", w.applicationOf(stub, kernel, initrd, "console=ttyAMA0 by=itself"))
	m := w.machine("machine", lab.ARM64HTTP, lab.Port{})
	up, err := m.WaitFor(w.ctx, lab.Up)
	if err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	if !strings.Contains(up.Groups[0], "by=itself") {
		t.Errorf("the kernel has the command line %q", up.Groups[0])
	}
	w.took(spur, m, "uefi-http")
}

// One command boots machines of two architectures, each into its own kernel.
func TestMixedPair(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	kernel, initrd, line := w.linuxFor(boot.ARM64)
	files := strings.Join([]string{kernel, initrd, built.extra1, built.extra2}, ",")
	spur := w.boot(append(w.loadersOf(stubARM64), "--for", "arm64="+files, "--cmdline-for", "arm64="+line)...)
	x64, arm := w.machine("x64", lab.UEFI, lab.Port{}), w.machine("arm64", lab.ARM64, lab.Port{})
	w.up(x64, spur)
	w.up(arm, spur)
	w.took(spur, x64, "uefi-x64-snponly", "ipxe-http")
	w.took(spur, arm, "uefi-tftp")
}

// A machine for which there is no kernel hears why it isn't booted.
func TestKernelOfAnotherArchitecture(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot(w.loadersOf(stubARM64)...)
	m := w.machine("machine", lab.ARM64, lab.Port{})
	w.told(spur, m, `is a kernel for x64, the machine is arm64`)
}

// The rows of scripts/install that have stubs and iPXE for other architectures.
const (
	stubARM64   = "systemd-boot-efi:arm64"
	stubIA32    = "systemd-boot-efi:i386"
	stubRISCV64 = "systemd-boot-efi:riscv64/trixie"
	ipxeTrixie  = "ipxe/trixie"
)

// loadersOf are the flags that name the folders of unpacked packages.
func (w *world) loadersOf(rows ...string) []string {
	w.Helper()
	var flags []string
	for _, row := range rows {
		where := "usr/lib/systemd/boot/efi"
		if row == ipxeTrixie {
			where = "usr/lib/ipxe"
		}
		folder, err := lab.Unpacked(row, where)
		w.check(err)
		flags = append(flags, "--loaders", folder)
	}
	return flags
}

// linuxFor is a kernel of an architecture, its initrd and its command line.
func (w *world) linuxFor(arch boot.Arch) (kernel, initrd, line string) {
	w.Helper()
	kernel, err := lab.KernelFor(arch)
	w.check(err)
	initrd = filepath.Join(w.TempDir(), "initrd-"+string(arch)+".gz")
	w.check(lab.Initramfs(initrd, lab.InitramfsOptions{Arch: arch}))
	line = strings.Replace(cmdline, "NOTE", built.note, 1)
	return kernel, initrd, strings.Replace(line, "ttyS0", lab.SerialPort(arch), 1)
}
