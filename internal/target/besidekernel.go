package target

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cmdlineMost bounds a file with a kernel's command line.
const cmdlineMost = 4096

// initrdNames are the names that an initrd may have beside a kernel: the kernel's own with
// an ending, or those of /boot in distributions.
func initrdNames(kernel string) []string {
	names := []string{kernel + ".initrd"}
	if version, ok := strings.CutPrefix(kernel, "vmlinuz"); ok {
		names = append(names,
			"initrd.img"+version, "initramfs"+version+".img", "initrd"+version, "initrd"+version+".img", "initrd"+version+".gz")
	}
	return names
}

// cmdlineName is the name that a file with a kernel's command line has beside it.
func cmdlineName(kernel string) string { return kernel + ".cmdline" }

// companions are the initrd and the file with the command line that lie beside a kernel
// in a folder of targets; empty for none.
func companions(kernel string) (initrd, cmdline string) {
	dir, name := filepath.Split(kernel)
	isFile := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	for _, other := range initrdNames(name) {
		if isFile(other) {
			initrd = filepath.Join(dir, other)
			break
		}
	}
	if isFile(cmdlineName(name)) {
		cmdline = filepath.Join(dir, cmdlineName(name))
	}
	return initrd, cmdline
}

// besideKernels are the files of a folder that belong to a kernel in it.
func besideKernels(list []fs.DirEntry) map[string]bool {
	there, taken := map[string]bool{}, map[string]bool{}
	for _, f := range list {
		there[f.Name()] = true
	}
	for name := range there {
		for _, other := range append(initrdNames(name), cmdlineName(name)) {
			if there[other] {
				taken[other] = true
			}
		}
	}
	return taken
}
