package loader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/route"
)

// Dirs are the folders where distributions put iPXE, in the order in which
// they are searched (Debian and Ubuntu, Fedora, Arch, Alpine and openSUSE), and
// that where all of them put systemd's stubs.
func Dirs() []string {
	return []string{"/usr/lib/ipxe", "/usr/share/ipxe", "/usr/share/ipxe/x86_64", "/usr/share/ipxe.efi", "/usr/lib/systemd/boot/efi"}
}

// Find looks for every build that the table of loaders has. Folders are
// searched in order, so an operator's own folder goes first. A file that is
// not what its name says is an error; a build that is nowhere is simply missing
// from the result, and its routes say so.
func Find(dirs []string) (route.Binaries, error) {
	var found route.Binaries
	for _, l := range route.Loaders() {
		for _, build := range l.Builds {
			binary, err := findOne(build, dirs)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found = append(found, binary)
		}
	}
	return found, nil
}

// findOne is a build in the first folder that has it.
func findOne(build route.Build, dirs []string) (route.Binary, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, build.File)
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return route.Binary{}, fmt.Errorf("bootloader %s cannot be read: %w", build.File, err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return route.Binary{}, fmt.Errorf("bootloader %s cannot be read: %w", build.File, err)
		}
		binary, err := look(build, f, info.Size())
		if err != nil {
			return route.Binary{}, fmt.Errorf("%s: %w", path, err)
		}
		binary.Path = path
		return binary, nil
	}
	return route.Binary{}, fmt.Errorf("%s: %w", build.File, fs.ErrNotExist)
}

// look says what a file of that size, named like a build, is. What is compressed, as
// builds of iPXE for a BIOS are, need not show that.
func look(build route.Build, f io.ReaderAt, size int64) (route.Binary, error) {
	if err := Check(build, f, size); err != nil {
		return route.Binary{}, err
	}
	id, err := Identify(f, size)
	if errors.Is(err, ErrUnknown) {
		err = nil
	}
	return route.Binary{Build: build, Identity: id}, err
}

// Check tells whether r, of that many bytes, holds a loader of the format that a
// build's firmware expects: an EFI application for its architecture, or a flat
// real-mode image for a BIOS.
func Check(build route.Build, r io.ReaderAt, size int64) error {
	if build.Firmware == boot.UEFI {
		return checkEFI(r, size, build.Arch)
	}
	var head [2]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("it is too short for a bootloader")
	}
	if string(head[:]) == "MZ" {
		return fmt.Errorf("it is an EFI application, which a BIOS cannot run")
	}
	return nil
}

func checkEFI(r io.ReaderAt, size int64, arch boot.Arch) error {
	f, err := pefile.Read(r, size)
	if err != nil {
		return err
	}
	if f.Subsystem != pefile.Application {
		return fmt.Errorf("it is no EFI application: %s", f.Subsystem)
	}
	if f.Machine.Arch() != arch {
		return fmt.Errorf("it is an EFI application for %s, not for %s", f.Machine, arch)
	}
	return nil
}
