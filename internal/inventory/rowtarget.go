package inventory

import (
	"fmt"
	"maps"
	"slices"
)

// target is what a row boots: its own target, or a profile's, with what the row says
// besides in the place of what that says.
func (r *reader) target(at Place, own Target, profiled field) (Target, error) {
	if profiled.value == nil {
		if own.Boot == "" {
			return Target{}, r.fail(at, "the row doesn't say what boots", "add boot: TARGET, such as boot: local, or profile: NAME")
		}
		return own, nil
	}
	if own.Boot != "" {
		return Target{}, r.fail(own.Place(BootKey, 0), "the row has boot: and profile:", "leave one out")
	}
	name, err := r.scalar(profiled.value, "the name of a profile", true)
	if err != nil {
		return Target{}, err
	}
	p, ok := r.profiles[name]
	if !ok {
		return Target{}, r.fail(place(profiled.value), fmt.Sprintf("there is no profile %s", name), "describe it below profiles:")
	}
	p.used = true
	r.profiles[name] = p
	return own.over(p.target), nil
}

// over is a target with what another one says where this one says nothing.
func (t Target) over(other Target) Target {
	for _, f := range []struct{ own, other *string }{
		{&other.Cmdline, &t.Cmdline}, {&other.As, &t.As}, {&other.Entry, &t.Entry}, {&other.DTB, &t.DTB}, {&other.Message, &t.Message}, {&other.RootPath, &t.RootPath}, {&other.Root, &t.Root},
	} {
		if *f.other != "" {
			*f.own = *f.other
		}
	}
	if len(t.Initrds) > 0 {
		other.Initrds = t.Initrds
	}
	if len(t.Modules) > 0 {
		other.Modules = t.Modules
	}
	other.places = maps.Clone(other.places)
	maps.Copy(other.places, t.places)
	return other
}

func targetKeys() []string {
	return []string{BootKey, "initrds", "cmdline", "modules", "entry", "as", "dtb", "message", "root-path", "root"}
}

// ofTarget reads a field of a target; known: it is one.
func (r *reader) ofTarget(t *Target, f field) (known bool, err error) {
	one := map[string]*string{"cmdline": &t.Cmdline, "entry": &t.Entry, "as": &t.As, "dtb": &t.DTB, "message": &t.Message, "root-path": &t.RootPath, "root": &t.Root, BootKey: &t.Boot}
	if t.places == nil {
		t.places = map[string][]Place{}
	}
	if to, ok := one[f.name]; ok {
		if *to, err = r.scalar(f.value, "a text", f.name == "entry"); err != nil {
			return true, err
		}
		t.places[f.name] = []Place{place(f.value)}
		if f.name == BootKey && t.Boot == "" {
			return true, r.fail(place(f.value), "boot: names nothing", "name a kernel, an image, a folder, a URL, or local")
		}
		return true, nil
	}
	many := map[string]*[]string{"initrds": &t.Initrds, "modules": &t.Modules}
	to, ok := many[f.name]
	if !ok {
		return false, nil
	}
	texts, at, err := r.texts(f.value, "a text or a list of some", false)
	if i := slices.Index(texts, ""); i >= 0 {
		err = r.fail(at[i], f.name+": has a name that is empty", "leave it out")
	}
	*to, t.places[f.name] = texts, at
	return true, err
}
