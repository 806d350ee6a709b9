package target

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// rpiDeviceTrees are the device trees of Raspberry Pis that lie with a kernel: beside
// it, or where its package puts them (linux-image-arm64 of Debian, /boot/dtb-VERSION of
// Fedora, /boot/dtbs of Arch).
func rpiDeviceTrees(kernel string) []boot.File {
	if found := deviceTreesOf(kernel); found != nil {
		return found
	}
	real, err := filepath.EvalSymlinks(kernel)
	if err != nil {
		return nil
	}
	return deviceTreesOf(real)
}

func deviceTreesOf(kernel string) []boot.File {
	_, version, _ := strings.Cut(filepath.Base(kernel), "-")
	for _, below := range []string{
		".", "broadcom", "dtbs/broadcom", "dtb/broadcom", "dtbs", "dtb-" + version + "/broadcom",
		"../usr/lib/linux-image-" + version + "/broadcom",
	} {
		dir := filepath.Join(filepath.Dir(kernel), below)
		found, _ := filepath.Glob(filepath.Join(literally(dir), "bcm2*-rpi-*.dtb")) // the pattern is right
		if len(found) > 0 {
			return filesAt(found)
		}
	}
	return nil
}

// literally is a path as a pattern that matches nothing else.
func literally(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func filesAt(paths []string) []boot.File {
	slices.Sort(paths)
	var files []boot.File
	for _, path := range paths {
		files = append(files, boot.File{Source: path})
	}
	return files
}
