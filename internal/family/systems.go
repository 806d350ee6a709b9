package family

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/bootconfig"
)

// System is a kernel with what goes with it, by their paths in the medium.
type System struct {
	Title   string
	Kernel  string
	Initrds []string
	Args    string // as the medium has them
	Config  string // the configuration that offers it; empty where the family knows it
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
