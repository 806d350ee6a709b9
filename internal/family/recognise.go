package family

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
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

// System is a kernel with what goes with it, by their paths in the medium.
type System struct {
	Title   string
	Kernel  string
	Initrds []string
	Args    string // as the medium has them
	Config  string // the configuration that offers it; empty where the family knows it
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

// systems are those that the menus offer, each once, and the one that is preset: of the
// first menu that presets one.
func (l look) systems(found *Found) {
	var all []System
	preset := -1
	for _, c := range found.Configs {
		for _, e := range c.Entries {
			s, missing, ok := l.system(found.Family, c, e)
			if missing != "" {
				found.lacks(fmt.Sprintf("the entry %q of %s is left out: it names %s, which isn't there", e.Title, c.Path, missing), e.Default && preset < 0)
			}
			if !ok {
				continue
			}
			at := slices.IndexFunc(all, func(other System) bool { return found.same(other, s) })
			if at < 0 {
				at, all = len(all), append(all, s)
			}
			if e.Default && preset < 0 {
				preset = at
			}
		}
	}
	known := l.known(found.Family)
	if len(all) == 0 {
		all = slices.Clone(known[:min(1, len(known))])
		if len(found.Lacking) > 0 {
			found.PresetLacks = found.Lacking[0]
		}
	}
	found.Systems, found.Preset = all, max(0, preset)
	found.Further = slices.DeleteFunc(known, func(s System) bool {
		return slices.ContainsFunc(all, func(other System) bool { return other.Kernel == s.Kernel })
	})
}

// missing notes what the menus name of a medium of no family, and isn't there: it boots as a
// whole, by its own menu, where such an entry fails.
func (l look) missing(found *Found) {
	for _, c := range found.Configs {
		for _, e := range c.Entries {
			if name := l.lacking(e); e.Kind == bootconfig.Linux && name != "" {
				found.lacks(fmt.Sprintf("the entry %q of %s names %s, which isn't there", e.Title, c.Path, name), e.Default)
			}
		}
	}
}

// lacking is the first file that an entry names and that isn't there; empty for none.
func (l look) lacking(e bootconfig.Entry) string {
	all := append([]string{e.Kernel}, e.Initrds...)
	if i := slices.IndexFunc(all, func(name string) bool { return !l.has(name) }); i >= 0 {
		return all[i]
	}
	return ""
}

// same tells whether two entries are one: with the same arguments, or with the same title
// and no other arguments over the network.
func (f Found) same(a, b System) bool {
	return a.Kernel == b.Kernel && slices.Equal(a.Initrds, b.Initrds) &&
		(a.Args == b.Args || a.Title == b.Title && slices.Equal(f.kept(a), f.kept(b)))
}

// lacks notes an entry that names what isn't there.
func (f *Found) lacks(text string, preset bool) {
	if len(f.Lacking) < lackingMost {
		f.Lacking = append(f.Lacking, text)
	}
	if preset && f.PresetLacks == "" {
		f.PresetLacks = text
	}
}

// lackingMost bounds how many entries are told of that name what isn't there.
const lackingMost = 8

// system is what an entry of a menu boots; ok is false where that isn't the family's, or
// where a file of it, missing, isn't there.
func (l look) system(f Family, c bootconfig.Config, e bootconfig.Entry) (s System, missing string, ok bool) {
	matches := func(pattern string) bool {
		ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(e.Kernel))
		return ok
	}
	if e.Kind != bootconfig.Linux {
		return s, "", false
	}
	missing = l.lacking(e)
	if missing != "" || len(f.Kernels) > 0 && !slices.ContainsFunc(f.Kernels, matches) {
		return s, missing, false
	}
	return System{Title: e.Title, Kernel: e.Kernel, Initrds: e.Initrds, Args: e.Args, Config: c.Path}, "", true
}

// known are the systems that a family knows of by itself, one for each kernel that is there
// with one of its initrds.
func (l look) known(f Family) []System {
	var all []System
	for _, pattern := range f.Kernels {
		for _, kernel := range l.medium.Glob(pattern) {
			if s, ok := l.knownBy(f, kernel); ok && !slices.ContainsFunc(all, func(other System) bool { return other.Kernel == kernel }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// knownBy is the system of a kernel; ok is false where that isn't there, or has no initrd.
func (l look) knownBy(f Family, kernel string) (s System, ok bool) {
	if !l.has(kernel) {
		return s, false
	}
	s = System{Title: cmp.Or(f.Title, f.Name), Kernel: kernel, Args: f.Args}
	for _, pattern := range f.Initrds {
		if initrd := l.nearest(pattern, kernel); initrd != "" {
			s.Initrds = append(s.Initrds, initrd)
		}
	}
	return s, len(s.Initrds) > 0 || len(f.Initrds) == 0
}

// nearest is the first file that matches a pattern in the folder of another file or, where
// there is none, anywhere; empty for none.
func (l look) nearest(pattern, other string) string {
	all := l.medium.Glob(pattern)
	if i := slices.IndexFunc(all, func(name string) bool { return path.Dir(name) == path.Dir(other) }); i >= 0 {
		return all[i]
	}
	return l.first(pattern)
}

// ways are those of a family's that Spur serves and whose files are there, one over each.
func (l look) ways(f Family) []Root {
	var all []Root
	for _, r := range f.Roots {
		missing := slices.ContainsFunc(r.If, func(pattern string) bool { return l.first(pattern) == "" })
		several := slices.ContainsFunc(r.One, func(pattern string) bool { return len(l.medium.Glob(pattern)) != 1 })
		there := slices.ContainsFunc(all, func(other Root) bool { return other.Over == r.Over })
		if r.Served() && !missing && !several && !there {
			all = append(all, r)
		}
	}
	return all
}

// way is the way over something; the first for empty, and the zero value where there is none.
func (f Found) way(over Over) Root {
	for _, r := range f.Ways {
		if over == "" || r.Over == over {
			return r
		}
	}
	return Root{}
}

// memory is what a machine should have to boot one of a family. A system that mounts its
// medium over the network reads of it what it needs.
func (l look) memory(f Family, r Root) int64 {
	if r.Mounted() {
		return f.Memory.Plus << 20
	}
	sum := f.Memory.Plus<<20 + int64(f.Memory.ISO)*max(0, l.Size)
	for _, pattern := range f.Memory.Files {
		for _, name := range l.medium.Glob(pattern) {
			if info, err := fs.Stat(l.Files, name); err == nil {
				sum += info.Size()
			}
		}
	}
	return sum
}

// Choose finds a system by its title or its number, from 1 on; the preset one for an empty
// name. ok is false where there is none.
func (f Found) Choose(name string) (s System, ok bool) {
	if name == "" {
		if f.Preset >= len(f.Systems) {
			return s, false
		}
		return f.Systems[f.Preset], true
	}
	at := slices.IndexFunc(f.Systems, func(s System) bool { return strings.EqualFold(s.Title, name) })
	if n, err := strconv.Atoi(name); at < 0 && err == nil {
		at = n - 1
	}
	if at < 0 || at >= len(f.Systems) {
		return s, false
	}
	return f.Systems[at], true
}

// kept are the arguments of a medium's that a system boots with over the network, too.
func (f Found) kept(s System) []string {
	return without(words(s.Args), slices.Concat(f.Family.Drop, f.Root.Drop))
}

// Arguments are those with which a system is booted over the network: the medium's without
// what is dropped, and those of the family. The error names a file that isn't there.
func (f Found) Arguments(s System) ([]Part, error) {
	before, behind := split(f.kept(s))
	text := strings.Join(slices.Concat(escaped(before), words(f.Family.Add), words(f.Root.Args), escaped(behind)), " ")
	all, err := f.Parts(strings.TrimSpace(text))
	for i := range all {
		all[i].Text = strings.ReplaceAll(all[i].Text, mark, "{{")
	}
	return all, err
}

// Parts splits arguments in which what families.yaml lists may stand. The error names a file
// that isn't there.
func (f Found) Parts(text string) ([]Part, error) {
	all, missing := f.look.parts(text)
	if missing != "" {
		return nil, fmt.Errorf("there is no file %s on it", missing)
	}
	at := slices.IndexFunc(all, func(p Part) bool { return p.Export != "" })
	if at >= 0 && !f.Root.Mounted() {
		return nil, fmt.Errorf("{{ %s }} stands for a server over which the system mounts its root, which it finds over %s", all[at].Export, f.Root.Over)
	}
	return all, nil
}

// mark stands for braces of the medium's own, which stand for nothing of ours.
const mark = "\x00"

func escaped(all []string) []string {
	for i := range all {
		all[i] = strings.ReplaceAll(strings.ReplaceAll(all[i], mark, ""), "{{", mark)
	}
	return all
}
