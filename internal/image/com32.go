package image

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// COM32 is what a module of Syslinux turned out to be.
type COM32 struct {
	Arch boot.Arch
	// Needs are the modules that it needs, and those that they need, where they lie
	// beside it; Lacks those that don't.
	Needs       []string
	Lacks       []string
	Description string
}

// com32Most bounds the size of a module and how many others it needs.
const (
	com32Most  = 4 << 20
	com32Needs = 32
)

// MeantForCOM32 tells whether a file is meant for a module of Syslinux, which only its
// name says: many a module looks like any other shared object.
func MeantForCOM32(path string) bool { return strings.EqualFold(filepath.Ext(path), ".c32") }

// OpenCOM32 looks into a module of Syslinux and for those that it needs, which lie beside
// it. Errors name the path.
func OpenCOM32(path string) (COM32, error) {
	arch, needs, err := com32Module(path)
	if err != nil {
		return COM32{}, Explain(path, err)
	}
	found := COM32{Arch: arch, Description: "Syslinux module (COM32), " + archName(arch)}
	seen := map[string]bool{filepath.Base(path): true}
	for len(needs) > 0 {
		name := needs[0]
		needs = needs[1:]
		if seen[name] || len(seen) > com32Needs {
			continue
		}
		seen[name] = true
		beside := filepath.Join(filepath.Dir(path), name)
		_, more, err := com32Module(beside)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			found.Lacks = append(found.Lacks, name)
			continue
		case err != nil:
			return COM32{}, Explain(beside, err)
		}
		found.Needs, needs = append(found.Needs, beside), append(needs, more...)
	}
	return found, nil
}

// forEFI tells whether modules of 32 bits are for UEFI firmware, by the core that lies
// beside them: nothing in the modules themselves differs but how they call it.
func forEFI(folder string) bool {
	_, bios := os.Stat(filepath.Join(folder, "ldlinux.c32"))
	_, efi := os.Stat(filepath.Join(folder, "ldlinux.e32"))
	return bios != nil && efi == nil
}

// com32Module reads one module. What it needs are plain names.
func com32Module(path string) (arch boot.Arch, needs []string, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", nil, err
	case !info.Mode().IsRegular():
		return "", nil, advice.New("it is no regular file", "name one, because it is read again for each machine")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	h, err := readHead(f, info.Size())
	if err != nil {
		return "", nil, err
	}
	if h.has(0, "\xb8\xfe\x4c\xcd\x21") {
		return "", nil, &Mismatch{Looks: "a module of Syslinux before 5", Wanted: "one that today's loads", Hint: "take the one of the same name from Syslinux 5 or 6 (Debian's package syslinux-common), or boot a folder with the PXELINUX that it is for"}
	}
	module := &Mismatch{Looks: "no ELF file of a module", Wanted: "a module of Syslinux (COM32)", Hint: "give a .c32 of Syslinux 5 or 6, or leave --as com32 out"}
	if h.u16(16) != elfShared || info.Size() > com32Most {
		return "", nil, module
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return "", nil, module
	}
	switch e.Machine {
	case elf.EM_386:
		arch = boot.X86
	case elf.EM_X86_64:
		arch = boot.X64
	default:
		return "", nil, module
	}
	if arch == boot.X86 && forEFI(filepath.Dir(path)) {
		return "", nil, &Mismatch{Looks: "a module of Syslinux for UEFI firmware of 32 bits", Wanted: "one that Spur has a loader for", Hint: "take the one of the same name from Syslinux' folder bios, for a BIOS, or efi64"}
	}
	needs, err = e.ImportedLibraries()
	if err != nil || slices.ContainsFunc(needs, func(name string) bool { return !filepath.IsLocal(name) || filepath.Base(name) != name }) {
		return "", nil, fmt.Errorf("what it needs can't be read: %w", module)
	}
	return arch, needs, nil
}
