package loader

import (
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Dirs are the folders where distributions put iPXE, in the order in which
// they are searched: Debian and Ubuntu, Fedora, Arch, Alpine and openSUSE.
func Dirs() []string {
	return []string{"/usr/lib/ipxe", "/usr/share/ipxe", "/usr/share/ipxe/x86_64", "/usr/share/ipxe.efi"}
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
		binary, err := look(build, f)
		if err != nil {
			return route.Binary{}, fmt.Errorf("%s: %w", path, err)
		}
		binary.Path = path
		return binary, nil
	}
	return route.Binary{}, fmt.Errorf("%s: %w", build.File, fs.ErrNotExist)
}

// look says what a file that is named like a build is.
func look(build route.Build, f io.ReaderAt) (route.Binary, error) {
	if err := Check(build, f); err != nil {
		return route.Binary{}, err
	}
	b := route.Binary{Build: build, Version: Version(f)}
	if build.Firmware != boot.UEFI {
		return b, nil
	}
	var err error
	b.Signers, err = Signers(f)
	return b, err
}

// Check tells whether r holds a loader of the format that a build's firmware
// expects: a PE application of its machine type for UEFI, a flat real-mode image
// for a BIOS.
func Check(build route.Build, r io.ReaderAt) error {
	var head [2]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("it is too short for a bootloader")
	}
	if build.Firmware == boot.UEFI {
		return checkPE(r, machine(build.Arch))
	}
	if string(head[:]) == "MZ" {
		return fmt.Errorf("it is an EFI application, which a BIOS cannot run")
	}
	return nil
}

// machine is the machine type of a PE file for an architecture (UEFI 2.10
// section 2.1.1); 0 for one that has none.
func machine(a boot.Arch) uint16 {
	switch a {
	case boot.X86:
		return pe.IMAGE_FILE_MACHINE_I386
	case boot.X64:
		return pe.IMAGE_FILE_MACHINE_AMD64
	case boot.ARM:
		return pe.IMAGE_FILE_MACHINE_ARMNT
	case boot.ARM64:
		return pe.IMAGE_FILE_MACHINE_ARM64
	case boot.RISCV64:
		return pe.IMAGE_FILE_MACHINE_RISCV64
	case boot.LOONG64:
		return pe.IMAGE_FILE_MACHINE_LOONGARCH64
	}
	return 0
}

func checkPE(r io.ReaderAt, machine uint16) error {
	f, err := pe.NewFile(r)
	if err != nil {
		return fmt.Errorf("it is no EFI application: %w", err)
	}
	defer f.Close()
	if f.Machine != machine {
		return fmt.Errorf("it is an EFI application for another machine (PE machine type %#x)", f.Machine)
	}
	return nil
}
