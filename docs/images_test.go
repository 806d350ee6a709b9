package docs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// makeImage writes debian.iso, with the layout of Debian's live systems. The root of its
// system is none: these lines stop before a machine asks.
func makeImage() error {
	in := func(name string) string { return filepath.Join(built.files, name) }
	tree, err := os.MkdirTemp("", "spur-docs-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	menu := "label live\nmenu label Live system\nlinux /live/vmlinuz\ninitrd /live/initrd.img\nappend boot=live components\n" +
		"label safe\nmenu label Safe mode\nlinux /live/vmlinuz\ninitrd /live/initrd.img\nappend boot=live nomodeset\n"
	err = errors.Join(
		os.Mkdir(filepath.Join(tree, "live"), 0o755),
		copyFile(in("vmlinuz"), filepath.Join(tree, "live", "vmlinuz")),
		copyFile(in("initrd.img"), filepath.Join(tree, "live", "initrd.img")),
		os.WriteFile(filepath.Join(tree, "live", "filesystem.squashfs"), []byte("hsqs"), 0o644),
		os.WriteFile(filepath.Join(tree, "isolinux.cfg"), []byte(menu), 0o644),
	)
	if err != nil {
		return err
	}
	if out, err := exec.Command("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", in("debian.iso"), tree).CombinedOutput(); err != nil {
		return fmt.Errorf("xorriso: %w\n%s", err, out)
	}
	return nil
}
