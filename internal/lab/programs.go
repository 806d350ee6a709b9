package lab

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/cpio"
)

// addPrograms adds programs of this system to an initramfs, in bin, with the
// libraries that they need.
func addPrograms(c *cpio.Writer, names []string) error {
	added := map[string]bool{}
	for _, name := range names {
		path, err := tool(name)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("initramfs: %w", err)
		}
		c.File("bin/"+name, 0o755, content)
		if err := addLibraries(c, path, added); err != nil {
			return err
		}
	}
	return nil
}

// addLibraries adds what the dynamic linker will ask for, where it looks.
func addLibraries(c *cpio.Writer, path string, added map[string]bool) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("program %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	names, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("program %s: %w", path, err)
	}
	if linker := interpreter(f); linker != "" {
		names = append(names, linker)
	}
	for _, name := range names {
		if added[name] {
			continue
		}
		added[name] = true
		at, err := library(name)
		if err != nil {
			return fmt.Errorf("program %s: %w", path, err)
		}
		content, err := os.ReadFile(at)
		if err != nil {
			return fmt.Errorf("initramfs: %w", err)
		}
		c.File(strings.TrimPrefix(at, "/"), 0o755, content)
		if err := addLibraries(c, at, added); err != nil {
			return err
		}
	}
	return nil
}

// interpreter is the path of the dynamic linker that a program asks for.
func interpreter(f *elf.File) string {
	section := f.Section(".interp")
	if section == nil {
		return ""
	}
	path, err := section.Data()
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(path), "\x00")
}

// library finds a library where Debian's dynamic linker looks first.
func library(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, dir := range []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("library %s is not there", name)
}
