package loader

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/route"
)

// Dirs are the folders where distributions put loaders, as far as this host has
// them: iPXE (Debian and Ubuntu, Fedora, Arch, Alpine and openSUSE), systemd's stubs,
// Raspberry Pi's firmware (Debian and Ubuntu), shim and GRUB (Debian and Ubuntu; Fedora;
// openSUSE), and Syslinux (Debian and Ubuntu; Arch; Fedora, Alpine and openSUSE).
func Dirs() []string {
	var all []string
	for _, pattern := range []string{
		"/usr/lib/ipxe", "/usr/share/ipxe", "/usr/share/ipxe/*", "/usr/share/ipxe.efi", "/usr/lib/systemd/boot/efi", "/usr/lib/raspi-firmware",
		"/usr/lib/shim", "/usr/lib/grub/*-signed", "/usr/lib/grub/*/monolithic", "/boot/efi/EFI/*", "/usr/share/efi/*",
		"/usr/lib/PXELINUX", "/usr/lib/SYSLINUX.EFI/*", "/usr/lib/syslinux/modules/*",
		"/usr/lib/syslinux", "/usr/lib/syslinux/bios", "/usr/lib/syslinux/efi*", "/usr/share/syslinux", "/usr/share/syslinux/efi*",
	} {
		found, _ := filepath.Glob(pattern) // these patterns are right
		all = append(all, found...)
	}
	return all
}

// filesMost bounds the number of files that are looked at in one folder.
const filesMost = 1024

// Find finds the loaders in folders, every version of each, the preferred first: own
// are folders that the operator named, common are others, and inSpur is what Spur itself
// has, behind all folders; nil for nothing. A file with the name of a
// build in the table of loaders that isn't one is an error; what else is no loader is
// passed over. A folder need not be there.
func Find(own, common []string, inSpur fs.FS) (route.Binaries, error) {
	var found, companions route.Binaries
	for i, dir := range slices.Concat(own, common) {
		in, err := findIn(dir)
		if err != nil {
			return nil, err
		}
		for _, b := range in {
			b.Own = i < len(own)
			if b.Identity.Kind.Beside() {
				companions = append(companions, b)
			}
			if !has(found, b) {
				found = append(found, b)
			}
		}
	}
	within, err := findInSpur(inSpur)
	if err != nil {
		return nil, err
	}
	found = append(found, slices.DeleteFunc(within, func(b route.Binary) bool { return has(found, b) })...)
	for i, b := range found {
		found[i].Beside = beside(b, companions)
	}
	slices.SortStableFunc(found, route.Prefer)
	return found, nil
}

// has tells whether the same is among what was found.
func has(found route.Binaries, b route.Binary) bool {
	return slices.ContainsFunc(found, func(have route.Binary) bool { return have.Build == b.Build && have.Sum == b.Sum })
}

func findIn(dir string) (route.Binaries, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil //nolint:nilerr // it isn't there, or not for everybody
	}
	var found route.Binaries
	for _, e := range entries[:min(len(entries), filesMost)] {
		b, err := Read(filepath.Join(dir, e.Name()))
		switch {
		case err == nil:
			found = append(found, b)
		case len(buildsNamed(e.Name())) > 0:
			return nil, err
		}
	}
	return found, nil
}

// Read says what the loader in a file is. It is an error where the file is none, or
// none that Spur could hand out.
func Read(path string) (route.Binary, error) {
	content, err := ContentOf(path)
	if err != nil {
		return route.Binary{}, err
	}
	b, err := Look(filepath.Base(path), content)
	if err != nil {
		return route.Binary{}, fmt.Errorf("%s: %w", path, err)
	}
	b.Path = path
	return b, nil
}

// ContentOf reads a regular file that isn't larger than loaders are. Nothing else is
// opened: a FIFO would wait for its writer.
func ContentOf(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: it is no file", path)
	case info.Size() > SizeMost:
		return nil, fmt.Errorf("%s: %w: it has %d MiB", path, ErrUnknown, info.Size()>>20)
	}
	return os.ReadFile(path)
}

// Look says what the loader is whose file has that name and content.
func Look(name string, content []byte) (route.Binary, error) {
	id, err := identify(bytes.NewReader(content), int64(len(content)), func(most int64) ([]byte, error) {
		return content[:min(int64(len(content)), most)], nil
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		return route.Binary{}, err
	}
	build, ok := buildOf(name, id)
	switch {
	case !ok && err != nil:
		return route.Binary{}, err
	case !ok && len(buildsNamed(name)) > 0:
		return route.Binary{}, fmt.Errorf("it is %s, and not what its name says", Describe(id))
	case !ok:
		return route.Binary{}, fmt.Errorf("%w to hand out, but %s", ErrUnknown, Describe(id))
	}
	id.Firmware, id.Arch = build.Firmware, build.Arch
	return route.Binary{Build: build, Identity: id, Sum: sha256.Sum256(content)}, nil
}
