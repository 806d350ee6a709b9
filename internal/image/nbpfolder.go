package image

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// chooseNBP takes a flat program of the folder: the one named, or the only one that
// could be meant.
func (l *folderLook) chooseNBP(dir, name string) error {
	if name == "" {
		could := l.couldBeNBP()
		switch len(could) {
		case 0:
			return advice.New(fmt.Sprintf("in the folder %s is no file that could be a flat program for a BIOS", dir), l.insteadOfNBP(dir))
		case 1:
			name = could[0]
		default:
			return advice.New(fmt.Sprintf("in the folder %s several files could be the program: %s", dir, strings.Join(could[:min(len(could), 5)], ", ")),
				"name it first: spur boot "+path.Join(dir, could[0])+" "+dir+" --as nbp")
		}
	}
	if len(name) > boot.ProgramMost {
		return advice.New(fmt.Sprintf("%s has a path of %d bytes below the folder, and a ROM takes %d at most", name, len(name), boot.ProgramMost), "name a folder that is nearer to it")
	}
	p, err := OpenNBP(path.Join(dir, name))
	if err != nil {
		return err
	}
	program := boot.Program{Name: name, Firmware: boot.BIOS, Arch: boot.X86}
	l.found.Programs, l.kinds[program] = []boot.Program{program}, p.Description
	if p.Warning != "" {
		l.warn("%s: %s", name, p.Warning)
	}
	return nil
}

// insteadOfNBP says what to do about a folder without a flat program.
func (l *folderLook) insteadOfNBP(dir string) string {
	if i := slices.IndexFunc(l.all, func(c candidate) bool { return c.id.Firmware == boot.UEFI }); i >= 0 {
		return "leave --as nbp out: " + l.all[i].name + " is an EFI application, which UEFI machines start"
	}
	return "name the program first: spur boot PROGRAM " + dir + " --as nbp"
}

// couldBeNBP lists what could be the program: loaders that are known, else what is in
// the folder itself and has the name of one, else whatever is there and could be one.
func (l *folderLook) couldBeNBP() []string {
	var known, named, others []string
	for _, c := range l.all {
		if isFlat(c.id) {
			known = append(known, c.name)
		}
	}
	for _, name := range l.files {
		if strings.Contains(name, "/") || slices.Contains(l.found.Kernels, name) || !l.isFlatFile(name) {
			continue
		}
		others = append(others, name)
		if namedNBP(name) {
			named = append(named, name)
		}
	}
	for _, some := range [][]string{known, named} {
		if len(some) > 0 {
			return some
		}
	}
	return others
}

// namedNBP tells whether a file is called like those that ROMs are given: pxelinux.0,
// boot1pxe, pxeboot.n12, wdsnbp.com.
func namedNBP(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".0") || strings.HasSuffix(name, ".n12") || strings.Contains(name, "pxe") || strings.Contains(name, "nbp")
}

// isFlatFile tells whether a file could be a flat program, as far as its content shows.
func (l *folderLook) isFlatFile(name string) bool {
	f, err := l.root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() > nbpSpace {
		return false
	}
	h, err := readHead(f, info.Size())
	if err != nil {
		return false
	}
	_, boots := recognise(h)
	looks := mismatch(h).Looks
	return !boots && notFlat(h) == "" && (strings.HasPrefix(looks, unknownKind) || strings.HasPrefix(looks, "a disk image or boot"))
}
