package target

import (
	"os"
	"path/filepath"
	"testing"
)

// Device trees are found beside a kernel, where Debian's package has them, and through
// a link to the kernel.
func TestDeviceTrees(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"boot/vmlinuz-6.1.0-41-arm64", "usr/lib/linux-image-6.1.0-41-arm64/broadcom/bcm2711-rpi-4-b.dtb",
		"usr/lib/linux-image-6.1.0-41-arm64/broadcom/bcm4708-netgear.dtb", "[beside]/Image", "[beside]/bcm2712-rpi-5-b.dtb", "none/Image",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("boot/vmlinuz-6.1.0-41-arm64", filepath.Join(root, "vmlinuz")); err != nil {
		t.Fatal(err)
	}
	for kernel, want := range map[string]string{
		"boot/vmlinuz-6.1.0-41-arm64": "bcm2711-rpi-4-b.dtb", "vmlinuz": "bcm2711-rpi-4-b.dtb", "[beside]/Image": "bcm2712-rpi-5-b.dtb", "none/Image": "",
	} {
		got := ""
		for _, f := range rpiDeviceTrees(filepath.Join(root, kernel)) {
			got += f.Base()
		}
		if got != want {
			t.Errorf("with %s lies %q, want %q", kernel, got, want)
		}
	}
}
