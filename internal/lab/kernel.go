package lab

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Cache is where scripts/install unpacks packages that are only read:
// $SPUR_LAB_CACHE, or spur-lab in the user's cache folder.
func Cache() (string, error) {
	if dir := os.Getenv("SPUR_LAB_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache of the lab: %w; set SPUR_LAB_CACHE", err)
	}
	return filepath.Join(dir, "spur-lab"), nil
}

// Unpacked is the newest path that matches a pattern among the files of a package
// that scripts/install has unpacked: row is the package's row there,
// NAME[:ARCH][/SUITE].
func Unpacked(row, pattern string) (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, strings.NewReplacer(":", "-", "/", "-").Replace(row), pattern)
	found, err := filepath.Glob(path)
	if err != nil || len(found) == 0 {
		return "", &MissingError{What: path, Package: row}
	}
	return found[len(found)-1], nil
}

// cloudKernel is the Debian package with a kernel made for guests.
const cloudKernel = "linux-image-cloud-amd64"

// Kernel is the path of Debian's cloud kernel, unpacked by scripts/install.
func Kernel() (string, error) {
	return inKernel("boot/vmlinuz-*")
}

// inKernel finds the newest path that matches in the unpacked kernel package.
func inKernel(pattern string) (string, error) { return Unpacked(cloudKernel, pattern) }

// module is a kernel module's file, and what must be loaded before it.
type module struct {
	name string
	path string
}

// modules finds kernel modules by name and returns them with everything they
// depend on, in the order to load them. A name that isn't there as a module is
// left out: it is built in, or this kernel doesn't have it.
func modules(names ...string) ([]module, error) {
	root, err := inKernel("lib/modules/*")
	if err != nil {
		return nil, err
	}
	files, err := moduleFiles(root)
	if err != nil {
		return nil, err
	}
	var order []module
	seen := map[string]bool{}
	var load func(name string) error
	load = func(name string) error {
		name = strings.ReplaceAll(name, "-", "_")
		path, ok := files[name]
		if !ok || seen[name] {
			return nil
		}
		seen[name] = true
		depends, err := moduleDepends(path)
		if err != nil {
			return err
		}
		for _, d := range depends {
			if err := load(d); err != nil {
				return err
			}
		}
		order = append(order, module{name: name, path: path})
		return nil
	}
	for _, name := range names {
		if err := load(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func moduleFiles(root string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok && err == nil && d.Type().IsRegular() {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("kernel modules: %w", err)
	}
	return files, nil
}

// moduleDepends reads what a module says of itself: the section .modinfo holds
// strings key=value with a NUL after each.
func moduleDepends(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("kernel module %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("kernel module %s: %w", path, errors.New("no section .modinfo"))
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("kernel module %s: %w", path, err)
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
