// Package targettest writes images of discs for tests of packages that look into targets.
package targettest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ISOAt writes the image of a disc of Alpine's layout; info is what it says of itself in
// .disk/info, "" for nothing.
func ISOAt(t *testing.T, path, label, info string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"apks/.boot_repository": "", "boot/modloop-virt": "modules", "boot/initramfs-virt": "070701", ".disk/info": info,
		"boot/grub/grub.cfg": "menuentry \"System\" {\n linux /boot/vmlinuz-virt\n initrd /boot/initramfs-virt\n}\n",
	} {
		if name == ".disk/info" && info == "" {
			continue
		}
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	KernelAt(t, filepath.Join(dir, "boot/vmlinuz-virt"))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", label, "-o", path, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// KernelAt writes the headers of a kernel for a PC, with nothing behind them.
func KernelAt(t *testing.T, path string) {
	t.Helper()
	h := make([]byte, 4096)
	h[0x1f1], h[0x1f4], h[0x1fe], h[0x1ff] = 1, (4096-1024)/16, 0x55, 0xaa
	copy(h[0x202:], "HdrS\x0f\x02")
	if err := os.WriteFile(path, h, 0o644); err != nil {
		t.Fatal(err)
	}
}
