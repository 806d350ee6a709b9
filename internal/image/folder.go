package image

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Folder is what a folder turned out to be.
type Folder struct {
	// Programs are what each kind of machine starts of it, BIOS first.
	Programs []boot.Program
	// Kernels are the files that are kernels, by their paths below the folder.
	Kernels []string
	// Configured: a PXELINUX that lies in the folder finds a configuration there.
	Configured  bool
	Description string
	Warnings    []string
}

// Bounds of what is looked at of a folder.
const (
	filesMost = 8192                 // with folders, and what else lies among them
	depthMost = boot.ProgramMost / 2 // no program lies further down
)

// OpenFolder looks into the folder at dir and below. Links count where they stay in
// it. The error names the folder.
func OpenFolder(dir string) (Folder, error) {
	return lookInto(dir, func(l *folderLook) error {
		l.choose()
		l.configured()
		if len(l.found.Programs) == 0 && !l.found.Configured {
			return advice.New(fmt.Sprintf("in the folder %s is no loader that firmware starts%s", dir, l.instead()), l.remedy())
		}
		return nil
	})
}

// OpenNBPFolder looks into the folder at dir for the one flat program in it that a
// BIOS ROM is to load: name, its path below the folder, or where that is empty the
// only file that could be one.
func OpenNBPFolder(dir, name string) (Folder, error) {
	return lookInto(dir, func(l *folderLook) error { return l.chooseNBP(dir, name) })
}

// lookInto looks into a folder and has its programs chosen.
func lookInto(dir string, choose func(*folderLook) error) (Folder, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return Folder{}, advice.New(dir+" is no folder", "leave --as folder out")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Folder{}, Explain(dir, err)
	}
	defer root.Close()
	below, err := filesBelow(root)
	if err != nil {
		return Folder{}, Explain(dir, err)
	}
	l := &folderLook{root: root, files: below.files, kinds: map[boot.Program]string{}}
	l.warnOfOthers(below.others, "is no regular file, and isn't served", "are no regular files, and aren't served")
	l.warnOfOthers(below.out, "is a link that leads out of the folder, and isn't served: copy there what it leads to", "are links that lead out of the folder, and aren't served: copy there what they lead to")
	if below.more {
		l.warn("it has more than %d files and folders, or folders more than %d deep; those behind them were not looked at", filesMost, depthMost)
	}
	l.lookAtAll()
	if err := choose(l); err != nil {
		return Folder{}, err
	}
	l.found.Description = l.describe()
	return l.found, nil
}

// folderLook is one look into a folder.
type folderLook struct {
	root   *os.Root
	files  []string
	found  Folder
	all    []candidate
	images []string // of discs, disks and Windows
	xens   []string
	kinds  map[boot.Program]string // what the chosen programs are, in words
}

// warnOfOthers says in one line what isn't served of a folder, and why.
func (l *folderLook) warnOfOthers(names []string, one, several string) {
	switch len(names) {
	case 0:
	case 1:
		l.warn("%s %s", names[0], one)
	default:
		l.warn("%s %s", firstOf(names), several)
	}
}

// firstOf names the first of several files, and counts the others.
func firstOf(names []string) string {
	const named = 3
	what := strings.Join(names[:min(len(names), named)], ", ")
	if more := len(names) - named; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	return what
}

func (l *folderLook) warn(format string, a ...any) {
	l.found.Warnings = append(l.found.Warnings, fmt.Sprintf(format, a...))
}

// has tells whether there is a file of that path, in whatever way it is written.
func (l *folderLook) has(name string) bool {
	info, err := l.root.Stat(relative(name))
	return err == nil && info.Mode().IsRegular()
}

// relative is a path below the folder, in whatever way it is written.
func relative(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// absence says of a path that the folder hasn't why.
func (l *folderLook) absence(name string) string {
	if leadsOut(l.root, relative(name)) {
		return "which is a link that leads out of the folder"
	}
	return "which isn't there"
}

// choose takes for each kind of machine the best program.
func (l *folderLook) choose() {
	slices.SortStableFunc(l.all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(strings.Count(x.name, "/"), strings.Count(y.name, "/")), cmp.Compare(len(x.name), len(y.name)))
	})
	for _, c := range l.all {
		id := c.id
		taken := slices.ContainsFunc(l.found.Programs, func(p boot.Program) bool { return p.Firmware == id.Firmware && p.Arch == id.Arch })
		switch {
		case taken:
			continue
		case len(c.name) > boot.ProgramMost:
			l.warn("%s has a path of %d bytes, and firmware takes no more than %d beside Spur's: name a folder that is nearer to it", c.name, len(c.name), boot.ProgramMost)
			continue
		}
		p := c.program()
		l.found.Programs, l.kinds[p] = append(l.found.Programs, p), c.words()
		if id.Kind == route.KindRPi {
			l.kinds[p] = l.rpiModels(c.name)
		}
		l.check(c)
	}
	slices.SortStableFunc(l.found.Programs, func(x, y boot.Program) int { return cmp.Compare(x.Firmware, y.Firmware) })
}

// describe says what machines start.
func (l *folderLook) describe() string {
	if len(l.found.Programs) == 0 {
		return "a folder with a pxelinux.cfg, for a PXELINUX of this host"
	}
	var parts []string
	for _, p := range l.found.Programs {
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", boot.Client{Firmware: p.Firmware, Arch: p.Arch}.Platform(), p.Name, l.kinds[p]))
	}
	return "a folder with loaders; " + strings.Join(parts, "; ")
}

// instead says what is there instead of a loader.
func (l *folderLook) instead() string {
	switch {
	case len(l.files) == 0:
		return ": it is empty"
	case len(l.found.Kernels) > 0:
		return fmt.Sprintf(", but a kernel: %s", l.found.Kernels[0])
	case len(l.images) > 0:
		return fmt.Sprintf(", but %s: %s", map[bool]string{true: "an image", false: "images"}[len(l.images) == 1], firstOf(l.images))
	case len(l.xens) > 0:
		return ", but Xen: " + l.xens[0]
	}
	return ""
}

func (l *folderLook) remedy() string {
	switch {
	case len(l.found.Kernels) > 0:
		return "name the kernel and its initrds, or add --menu to choose from what is in the folder"
	case len(l.images) > 0:
		return "add --menu to choose from what is in the folder, or name the image that is to boot"
	case len(l.xens) > 0:
		return "name it, and the kernel and the initrd of its first domain: spur boot " + path.Base(l.xens[0]) + " --module KERNEL --module INITRD"
	}
	return "name a folder that has one, such as pxelinux.0, a GRUB or a shim, or the file that is to boot; with --as nbp it may be any flat program"
}

// configured finds out whether a PXELINUX from elsewhere would find its configuration at
// the top of the folder, and looks through that where it is the only one.
func (l *folderLook) configured() {
	info, err := l.root.Stat("pxelinux.cfg")
	l.found.Configured = err == nil && info.IsDir()
	if l.found.Configured && len(l.found.Programs) == 0 {
		l.checkConfigs("pxelinux.0")
	}
}

// words say what a candidate is.
func (c candidate) words() string {
	what := string(c.id.Kind)
	if c.id.Version != "" {
		what += " " + c.id.Version
	}
	if c.second != "" {
		what += ", which starts " + c.second
	}
	return what
}

// program is what a machine is told of a candidate.
func (c candidate) program() boot.Program {
	p := boot.Program{Name: c.name, Firmware: c.id.Firmware, Arch: c.id.Arch, Signed: c.id.Signed()}
	if c.second != "" {
		p.Starts = path.Join(path.Dir(c.name), c.second)
	}
	if asks := c.asks(); asks.Kind == route.KindGRUB && asks.Firmware == boot.UEFI && !strings.HasPrefix(asks.Prefix, "(") {
		p.Loader, p.Reaches = boot.GRUB, asks.Features
	}
	return p
}
