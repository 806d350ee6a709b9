package family

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/bootconfig"
)

// Medium is one whose family is looked for.
type Medium struct {
	Files fs.FS
	Label string
	Size  int64 // of the image; negative where that is not known
	// Root is over what its system is to find its root; empty for the best way.
	Root Over
}

// Found is what a medium turned out to be.
type Found struct {
	Family  Family // the zero value for none
	Info    string // what the medium says of itself, in .disk/info
	Configs []bootconfig.Config
	Systems []System // that its menus offer and that can be booted, or the one that the family knows
	Further []System // that the family knows besides, such as those of other architectures
	WIM     string   // the Windows image, for wimboot; empty for none
	Root    Root     // how the system finds its root
	Ways    []Root   // in which it can, the best first
	Memory  int64    // what a machine should have at least; 0 where that is not known
	// Lacking are entries of the menus that name files which aren't there, in words, also of
	// a medium of no family, and PresetLacks the one among them that would be booted where
	// nobody chooses.
	Lacking     []string
	PresetLacks string
	// Preset is the index in Systems of the one that is booted where nobody chooses.
	Preset int

	look look
}

// look is one look at a medium.
type look struct {
	Medium
	medium *bootconfig.Medium
}

// Recognise finds out what a medium is.
func (t Table) Recognise(m Medium) Found {
	l := look{m, bootconfig.NewMedium(m.Files)}
	found := Found{look: l, Info: l.firstLine(".disk/info"), Configs: bootconfig.Read(bootconfig.NewMedium(m.Files))}
	i := slices.IndexFunc(t, l.fits)
	if i < 0 {
		l.missing(&found)
		return found
	}
	found.Family = t[i]
	found.Ways = l.ways(t[i])
	found.Root = found.way(m.Root)
	if t[i].WIM != "" {
		found.WIM = l.first(t[i].WIM)
	}
	l.systems(&found)
	found.Memory = l.memory(t[i], found.Root)
	return found
}

// fits tells whether a medium is one of a family.
func (l look) fits(f Family) bool {
	for _, pattern := range f.Match.Files {
		if len(l.medium.Glob(pattern)) == 0 {
			return false
		}
	}
	for _, pattern := range f.Match.Without {
		if len(l.medium.Glob(pattern)) > 0 {
			return false
		}
	}
	for name, pattern := range f.Match.Text {
		if !like(pattern, l.firstLine(name)) {
			return false
		}
	}
	return len(f.Match.Label) == 0 || slices.ContainsFunc(f.Match.Label, func(pattern string) bool { return like(pattern, l.Label) })
}

// firstLine is the first line of a small file; empty for none.
func (l look) firstLine(name string) string {
	found, ok := l.medium.Find(name)
	if !ok {
		return ""
	}
	text, _, _ := l.medium.Text(found)
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSpace(line)
	return strings.ToValidUTF8(line[:min(len(line), 200)], "?")
}

// first is the first file that matches a pattern; empty for none.
func (l look) first(pattern string) string {
	if all := l.medium.Glob(pattern); len(all) > 0 {
		return all[0]
	}
	return ""
}

// has tells whether a path is one of a file.
func (l look) has(name string) bool {
	info, err := fs.Stat(l.Files, name)
	return err == nil && info.Mode().IsRegular()
}
