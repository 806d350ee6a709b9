package loader

import (
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/route"
)

// Dirs are the folders where distributions put iPXE, in the order in which
// they are searched: Debian and Ubuntu, Fedora, Arch, Alpine and openSUSE.
func Dirs() []string {
	return []string{"/usr/lib/ipxe", "/usr/share/ipxe", "/usr/share/ipxe/x86_64", "/usr/share/ipxe.efi"}
}

// Find looks for every loader that the route table hands out. Folders are
// searched in order, so an operator's own folder goes first. A file that is
// not what its name says is an error; a loader that is nowhere is simply
// missing from the result, and its routes say so.
func Find(dirs []string) (route.Loaders, error) {
	found := route.Loaders{}
	for _, row := range route.Table() {
		if row.Role != route.NBP || found[row.Give].Path != "" {
			continue
		}
		file, err := findOne(row.Give, dirs)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[row.Give] = file
	}
	return found, nil
}

func findOne(name string, dirs []string) (route.LoaderFile, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return route.LoaderFile{}, fmt.Errorf("bootloader %s cannot be read: %w", name, err)
		}
		defer f.Close()
		if err := Check(name, f); err != nil {
			return route.LoaderFile{}, fmt.Errorf("%s: %w", path, err)
		}
		return route.LoaderFile{Name: name, Path: path, Signed: signed(name, f)}, nil
	}
	return route.LoaderFile{}, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

// Check tells whether r holds a loader of the format that firmware expects
// under that name: a PE application of the right machine type for *.efi, a
// flat real-mode image for everything else.
func Check(name string, r io.ReaderAt) error {
	var head [2]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("it is too short for a bootloader")
	}
	if filepath.Ext(name) == ".efi" {
		return checkPE(r, pe.IMAGE_FILE_MACHINE_AMD64)
	}
	if string(head[:]) == "MZ" {
		return fmt.Errorf("it is an EFI application, which a BIOS cannot run")
	}
	return nil
}

func checkPE(r io.ReaderAt, machines ...uint16) error {
	f, err := pe.NewFile(r)
	if err != nil {
		return fmt.Errorf("it is no EFI application: %w", err)
	}
	defer f.Close()
	if !slices.Contains(machines, f.Machine) {
		return fmt.Errorf("it is an EFI application for another machine (PE machine type %#x)", f.Machine)
	}
	return nil
}

// signed tells whether an EFI application carries a signature: its certificate
// table (PE format, section "The Attribute Certificate Table") isn't empty. By
// whom it was signed is for the firmware to judge.
func signed(name string, r io.ReaderAt) bool {
	if filepath.Ext(name) != ".efi" {
		return false
	}
	f, err := pe.NewFile(r)
	if err != nil {
		return false
	}
	defer f.Close()
	header, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	return ok && header.NumberOfRvaAndSizes > pe.IMAGE_DIRECTORY_ENTRY_SECURITY && header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_SECURITY].Size > 0
}
