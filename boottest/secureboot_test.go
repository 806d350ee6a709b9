package boottest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// chainFolder makes a folder with Debian's shim and a GRUB of Debian's for an
// architecture, both as their packages have them: suite is "" or "/trixie".
func (w *world) chainFolder(debian, efi, suite string) string {
	w.Helper()
	dir := w.TempDir()
	shim, grub := "shim-signed", "grub-efi-"+debian+"-signed"
	if debian != "amd64" {
		shim, grub = shim+":"+debian, grub+":"+debian
	}
	for row, pattern := range map[string]string{
		shim:         "usr/lib/shim/shim" + efi + ".efi.signed",
		grub + suite: "usr/lib/grub/*-signed/grubnet" + efi + ".efi.signed",
	} {
		path, err := lab.Unpacked(row, pattern)
		w.check(err)
		b, err := os.ReadFile(path)
		w.check(err)
		w.check(os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o644))
	}
	return dir
}

// A machine with Secure Boot on, as it is sold, boots by shim and GRUB of Debian,
// and one with Secure Boot off does by the same. GRUB 2.06 has to have its address
// from the host that it boots from, and nothing over HTTP.
func TestSecureBootChain(t *testing.T) {
	t.Parallel()
	elsewhere, here, own := arrangements[0].start, arrangements[1].start, arrangements[2].start
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		suite    string
		start    func(*world, ...string) *lab.Process
		route    string
	}{
		{"PXE with GRUB 2.06", lab.SecureBoot, "", own, "uefi-shim-grub"},
		{"PXE with GRUB 2.06 beside a DHCP server on the same host", lab.SecureBoot, "", here, "uefi-shim-grub"},
		{"PXE with GRUB 2.12 beside a DHCP server", lab.SecureBoot, "/trixie", elsewhere, "uefi-shim-grub"},
		{"HTTP Boot with GRUB 2.12", lab.SecureBootHTTP, "/trixie", elsewhere, "uefi-http-shim-grub"},
		{"Secure Boot off with GRUB 2.06", lab.UEFI, "", own, "uefi-shim-grub"},
		{"Secure Boot off with GRUB 2.12 and HTTP Boot", lab.UEFIHTTP, "/trixie", elsewhere, "uefi-http-shim-grub"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			spur := tt.start(w, "--secure-boot", "on", "--loaders", w.chainFolder("amd64", "x64", tt.suite))
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, tt.route)
			if story := spur.String(); strings.Contains(story, ".lst") || strings.Contains(story, "revocations") {
				t.Errorf("what loaders do without is told as trouble:\n%s", spur.Tail(40))
			}
		})
	}
}

// Machines of 64-bit ARM do so too.
func TestSecureBootChainARM64(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		suite    string
		start    func(*world, ...string) *lab.Process
		route    string
	}{
		{lab.ARM64SecureBoot, "", (*world).alone, "uefi-shim-grub"},
		{lab.ARM64SecureBootHTTP, "/trixie", (*world).beside, "uefi-http-shim-grub"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			kernel, initrd, cmdline := w.linuxFor(boot.ARM64)
			spur := tt.start(w, "boot", kernel, initrd, built.extra1, built.extra2, "--cmdline", cmdline,
				"--secure-boot", "on", "--loaders", w.chainFolder("arm64", "aa64", tt.suite))
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, tt.route)
		})
	}
}

// alone starts Spur as the only DHCP server, beside starts it beside another.
func (w *world) alone(args ...string) *lab.Process {
	w.Helper()
	return w.spur(append(args, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")...)
}

func (w *world) beside(args ...string) *lab.Process {
	w.Helper()
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	return w.spur(args...)
}

// A machine of which nobody said that it has Secure Boot on refuses iPXE, which
// isn't signed. Its next try is another way.
func TestSecureBootLadder(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot("--loaders", w.chainFolder("amd64", "x64", "/trixie"))
	m := w.machine("machine", lab.SecureBoot, lab.Port{})
	w.told(spur, m, `"file":"snponly.efi".*"bytes"`)
	w.check(m.Reset(w.ctx))
	w.up(m, spur)
	w.took(spur, m, "uefi-x64-snponly", "uefi-shim-grub")
}

// What the chain refuses in the end is told as what it is: a kernel without a
// signature, by the shim, and a shim, by firmware that doesn't trust Microsoft.
func TestSecureBootRefusals(t *testing.T) {
	t.Parallel()
	t.Run("kernel", func(t *testing.T) {
		w := newWorld(t)
		kernel := filepath.Join(w.TempDir(), "vmlinuz-unsigned")
		b, err := os.ReadFile(built.kernel)
		w.check(err)
		w.check(os.WriteFile(kernel, b, 0o644))
		w.run("sbattach", "--remove", kernel)
		spur := w.beside("boot", kernel, built.initrd, "--loaders", w.chainFolder("amd64", "x64", "/trixie"))
		m := w.machine("machine", lab.SecureBoot, lab.Port{})
		w.told(spur, m, `"file":"snponly.efi".*"bytes"`)
		w.check(m.Reset(w.ctx))
		w.told(spur, m, `"cause":"kernel-refused".*"blames":"uefi-shim-grub"`)
	})
	t.Run("shim", func(t *testing.T) {
		w := newWorld(t)
		spur := w.beside("boot", built.kernel, built.initrd, "--secure-boot", "on", "--loaders", w.chainFolder("amd64", "x64", "/trixie"))
		m := w.machine("machine", lab.SnakeOil, lab.Port{})
		w.told(spur, m, `"cause":"shim-refused".*"blames":"uefi-shim-grub"`)
	})
}

// run runs a program of this computer.
func (w *world) run(name string, args ...string) {
	w.Helper()
	if out, err := exec.CommandContext(w.ctx, name, args...).CombinedOutput(); err != nil {
		w.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// An iPXE with a shim of its own. iPXE's is signed by Microsoft; here stand in for
// it Debian's shim and iPXE, signed with the key of the ovmf package, in one folder.
// That shim asks for grubx64.efi, and gets what it is there to start.
func TestShimAndIPXE(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		route    string
	}{
		{lab.SnakeOil, "uefi-shim-ipxe"},
		{lab.UEFIHTTP, "uefi-http-shim-ipxe"},
	} {
		t.Run(tt.route, func(t *testing.T) {
			w := newWorld(t)
			spur := w.beside("boot", built.kernel, built.initrd, built.extra1, built.extra2,
				"--cmdline", strings.Replace(cmdline, "NOTE", built.note, 1), "--secure-boot", "on", "--loaders", w.ipxeFolder())
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.up(m, spur)
			w.took(spur, m, tt.route, "ipxe-http")
		})
	}
}

// An iPXE that firmware trusts starts a kernel that it doesn't, by a shim that vouches
// for the kernel's signer: iPXE's command shim.
func TestShimForKernel(t *testing.T) {
	w := newWorld(t)
	folder := w.ipxeFolder()
	w.check(os.Rename(filepath.Join(folder, "ipxe.efi"), filepath.Join(folder, "snponly.efi")))
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot("--secure-boot", "on", "--loaders", folder)
	m := w.machine("machine", lab.SnakeOil, lab.Port{})
	w.up(m, spur)
	w.took(spur, m, "uefi-x64-snponly", "ipxe-http")
}

// ipxeFolder is a folder with a shim and an iPXE that are signed by one key.
func (w *world) ipxeFolder() string {
	w.Helper()
	dir := w.TempDir()
	shim, err := lab.Unpacked("shim-signed", "usr/lib/shim/shimx64.efi.signed")
	w.check(err)
	ipxe, err := lab.Unpacked(ipxeTrixie, "usr/lib/ipxe/snponly.efi")
	w.check(err)
	w.sign(shim, filepath.Join(dir, "ipxe-shimx64.efi"))
	w.sign(ipxe, filepath.Join(dir, "ipxe.efi"))
	return dir
}

// sign signs an EFI application with the key of the ovmf package.
func (w *world) sign(from, to string) {
	w.Helper()
	key := filepath.Join(w.TempDir(), "key.pem")
	w.run("openssl", "pkey", "-in", "/usr/share/ovmf/PkKek-1-snakeoil.key", "-passin", "pass:snakeoil", "-out", key)
	w.run("sbsign", "--key", key, "--cert", "/usr/share/ovmf/PkKek-1-snakeoil.pem", "--output", to, from)
}

// Debian's installer, as its tree for network boots has it, comes to its first
// question with Secure Boot on.
func TestSecureBootInstaller(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware    lab.Firmware
		debian, efi string
		console     string
	}{
		{lab.SecureBoot, "amd64", "x64", "ttyS0"},
		{lab.ARM64SecureBoot, "arm64", "aa64", "ttyAMA0"},
	} {
		t.Run(tt.debian, func(t *testing.T) {
			w := newWorld(t)
			tree, err := lab.Unpacked("debian-installer-12-netboot-"+tt.debian, "usr/lib/debian-installer/images/12/"+tt.debian+"/text/debian-installer/"+tt.debian)
			w.check(err)
			spur := w.alone("boot", filepath.Join(tree, "linux"), filepath.Join(tree, "initrd.gz"), "--cmdline", "console=tty0 console="+tt.console+" no_timer_check",
				"--secure-boot", "on", "--loaders", w.chainFolder(tt.debian, tt.efi, ""))
			m, err := w.lab.Boot("machine", lab.Hardware{Firmware: tt.firmware, Ports: []lab.Port{{Wire: w.wire}}, Memory: 1280})
			w.check(err)
			if _, err := m.WaitFor(w.ctx, `Select a language`); err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			w.took(spur, m, "uefi-shim-grub")
		})
	}
}

// An EFI application that the distribution has signed is started by its GRUB:
// firmware would refuse it.
func TestSecureBootProgram(t *testing.T) {
	w := newWorld(t)
	program, err := lab.Unpacked("shim-helpers-amd64-signed", "usr/lib/shim/mmx64.efi.signed")
	w.check(err)
	spur := w.alone("boot", program, "--secure-boot", "on", "--loaders", w.chainFolder("amd64", "x64", ""))
	m := w.machine("machine", lab.SecureBoot, lab.Port{})
	if _, err := m.WaitFor(w.ctx, `Shim UEFI key management`); err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	w.took(spur, m, "uefi-shim-grub")
}
