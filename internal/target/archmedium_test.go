package target

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/target/targettest"
)

// armKernel writes what begins as a kernel for 64-bit ARM does.
func armKernel(t *testing.T, path string) {
	t.Helper()
	h := make([]byte, 4096)
	copy(h, "MZ")
	copy(h[0x38:], "ARM\x64")
	h[0x3c] = 0x80
	copy(h[0x80:], "PE\x00\x00\x64\xaa")
	if err := os.WriteFile(path, h, 0o644); err != nil {
		t.Fatal(err)
	}
}

// mixedISO is an image of Debian's layout with a kernel for x86 and one for arm64.
func mixedISO(t *testing.T, path string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{".disk", "dists/trixie", "install.amd", "install.a64"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{".disk/info": "Debian 13", "dists/trixie/Release": "", "install.amd/initrd.gz": "070701", "install.a64/initrd.gz": "070701"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	targettest.KernelAt(t, filepath.Join(dir, "install.amd/vmlinuz"))
	armKernel(t, filepath.Join(dir, "install.a64/vmlinuz"))
	if out, err := exec.CommandContext(t.Context(), "xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "Debian", "-o", path, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// Machines boot the kernel of a medium that is for them, whether it is the target, an item of
// a menu of either kind, or what --for names; what --for says goes before it.
func TestMediumForSeveralArchitectures(t *testing.T) {
	dir := t.TempDir()
	iso, arm := filepath.Join(dir, "both.iso"), filepath.Join(t.TempDir(), "vmlinuz-arm64")
	mixedISO(t, iso)
	armKernel(t, arm)
	const pc, a64 = "install.amd/vmlinuz", "install.a64/vmlinuz"
	byFor := Target{Kernel: iso}
	if err := byFor.AddFor([]string{"arm64=" + arm}, nil); err != nil {
		t.Fatal(err)
	}
	ofFor := Target{Kernel: arm}
	if err := ofFor.AddFor([]string{"x86=" + iso}, nil); err != nil {
		t.Fatal(err)
	}
	menu := func(kind string) Target {
		var m Target
		if err := m.AddMenu([]string{"Both=" + iso}, MenuWords{Kind: kind, Timeout: 10, Default: "1"}, nil, nil); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, tt := range map[string]struct {
		target   Target
		item     uint16
		x86, arm string
	}{
		"alone":           {Target{Kernel: iso}, 0, pc, a64},
		"with --for":      {byFor, 0, pc, ""},
		"named by --for":  {ofFor, 0, pc, ""},
		"drawn menu":      {menu(MenuByLoader), firstNamed, pc, a64},
		"firmware's menu": {menu(MenuByFirmware), 0x8000, pc, a64},
	} {
		l, err := tt.target.Inspect(t.Context(), Upstream{Say: func(string) {}})
		if err != nil {
			t.Fatal(name, err)
		}
		for client, want := range map[boot.Client]string{{Firmware: boot.UEFI, Arch: boot.X86, Item: tt.item}: tt.x86, {Firmware: boot.UEFI, Arch: boot.ARM64, Item: tt.item}: tt.arm} {
			p, err := l.Resolver().Resolve(t.Context(), client)
			linux, _ := p.Content.(boot.Linux)
			if err != nil || linux.Kernel.Inside != want || linux.Arch != client.Arch {
				t.Errorf("%s: %s boots %+v, %v; want %s", name, client.Platform(), linux.Kernel, err, want)
			}
			if on, _ := l.On(client).Payload.Content.(boot.Linux); on.Kernel != linux.Kernel {
				t.Errorf("%s: %s is said to boot %s", name, client.Platform(), on.Kernel)
			}
		}
	}
}

// Each machine is shown such an item of a menu as what it boots by it, in a folder as well.
func TestMenuForSeveralArchitectures(t *testing.T) {
	dir := t.TempDir()
	mixedISO(t, filepath.Join(dir, "both.iso"))
	var said []string
	c, _ := opened(t, dir, &said)
	for arch, want := range map[boot.Arch]string{"": "install.amd/vmlinuz", boot.X86: "install.amd/vmlinuz", boot.ARM64: "install.a64/vmlinuz"} {
		p, err := c.Resolve(t.Context(), boot.Client{Firmware: boot.UEFI, Arch: arch})
		m, ok := p.Content.(boot.Menu)
		if err != nil || !ok || len(m.Items) != 2 {
			t.Fatalf("%v, %+v, %q", err, p, said)
		}
		if linux, _ := m.Items[1].Payload.Content.(boot.Linux); linux.Kernel.Inside != want {
			t.Errorf("%q is shown %s, want %s", arch, linux.Kernel, want)
		}
	}
}
