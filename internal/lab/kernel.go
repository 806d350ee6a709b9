package lab

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/boot"
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

// Kernel is the path of Debian's kernel for guests of x64, unpacked by
// scripts/install.
func Kernel() (string, error) { return KernelFor(boot.X64) }

// KernelFor is the same for machines of another architecture.
func KernelFor(arch boot.Arch) (string, error) {
	p, err := platformOf(arch)
	if err != nil {
		return "", err
	}
	return Unpacked(p.kernel, "boot/vmlinu[xz]-*")
}

// LiveInitrd is the initrd of a Debian live system for Kernel, which scripts/install makes
// with Debian's live-boot.
func LiveInitrd() (string, error) { return Unpacked("debian-live", "initrd.img") }

// DracutInitrd is the initrd of a live system of Fedora's kind for Kernel, which
// scripts/install makes with Debian's dracut.
func DracutInitrd() (string, error) { return Unpacked("dracut-live", "initrd.img") }

// module is a kernel module.
type module struct {
	name    string
	content []byte
}

// modules finds modules of an unpacked kernel by name and returns them with
// everything they depend on, in the order to load them. A name that isn't there as
// a module is left out: it is built in, or this kernel doesn't have it.
func modules(kernel string, names ...string) ([]module, error) {
	root, err := Unpacked(kernel, "lib/modules/*")
	if err != nil { // where Debian has merged /lib with /usr/lib
		root, err = Unpacked(kernel, "usr/lib/modules/*")
	}
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
		content, err := readModule(path)
		if err != nil {
			return err
		}
		depends, err := moduleDepends(content)
		if err != nil {
			return fmt.Errorf("kernel module %s: %w", path, err)
		}
		for _, d := range depends {
			if err := load(d); err != nil {
				return err
			}
		}
		order = append(order, module{name: name, content: content})
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
		name, ok := strings.CutSuffix(strings.TrimSuffix(filepath.Base(path), ".xz"), ".ko")
		if ok && err == nil && d.Type().IsRegular() {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("kernel modules: %w", err)
	}
	return files, nil
}

// readModule reads a module, unpacked: Debian compresses them from trixie on.
func readModule(path string) ([]byte, error) {
	if filepath.Ext(path) != ".xz" {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("kernel module: %w", err)
		}
		return content, nil
	}
	xz, err := tool("xz")
	if err != nil {
		return nil, err
	}
	content, err := exec.Command(xz, "--decompress", "--stdout", path).Output()
	if err != nil {
		return nil, fmt.Errorf("kernel module %s: xz: %w", path, err)
	}
	return content, nil
}

// moduleDepends reads what a module says of itself: the section .modinfo holds
// strings key=value with a NUL after each.
func moduleDepends(content []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("no section .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
