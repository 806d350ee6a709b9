package medium

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/printable"
)

// UnfitError says that a medium has no system that boots over the network from its files.
type UnfitError struct{ error }

// Unwrap is the error itself.
func (e UnfitError) Unwrap() error { return e.error }

// NoEntryError says that there is no entry of a name.
type NoEntryError struct{ error }

// Unwrap is the error itself.
func (e NoEntryError) Unwrap() error { return e.error }

// NoRootError says that a system doesn't find its root over what was asked for.
type NoRootError struct{ error }

// Unwrap is the error itself.
func (e NoRootError) Unwrap() error { return e.error }

// noRoot says that a medium's system finds no root over something, and over what it does.
func noRoot(file boot.File, found family.Found, over family.Over) error {
	title, _, _ := strings.Cut(cmp.Or(found.Family.Title, found.Family.Name), ", or a ")
	named := fmt.Sprintf("%s (%s)", file.Base(), title)
	why := fmt.Sprintf("the system of %s doesn't find its root over %s", named, over)
	var ways []family.Over
	for _, r := range found.Ways {
		ways = append(ways, r.Over)
	}
	switch {
	case slices.Contains(ways, family.OverNone):
		return advice.New(named+" needs no root: all is in its initrds", "leave --root out")
	case len(ways) == 0:
		return advice.New(why, "leave --root out")
	}
	return advice.New(why, "leave --root out, or choose one of "+family.Listed(ways))
}

// noEntry says that there is no entry of a name, and why where the menu has one.
func (d Disc) noEntry(entry string) string {
	named := strings.ToLower(fmt.Sprintf("the entry %q of ", entry))
	for _, lacking := range d.Found.Lacking {
		if strings.HasPrefix(strings.ToLower(lacking), named) {
			return d.File.Base() + ": " + printable.Line(lacking)
		}
	}
	return fmt.Sprintf("%s has no entry %q", d.File.Base(), entry)
}

// lacking says what a medium without a system lacks.
func (d Disc) lacking() string {
	if d.Found.PresetLacks != "" {
		return printable.Line(d.Found.PresetLacks)
	}
	return "its kernel or its initrd isn't there"
}

// entries names the systems with their numbers.
func (d Disc) entries() string {
	var all []string
	for i, s := range d.Found.Systems {
		all = append(all, fmt.Sprintf("%d: %s", i+1, printable.Line(s.Title)))
	}
	return strings.Join(all, "; ")
}

// unknown is the error about a medium of no family. see is how to look what is on it, for
// who hasn't.
func (d Disc) unknown(see string) error {
	named := d.File.Base()
	if d.Image.Label != "" {
		named += fmt.Sprintf(" (%s)", printable.Line(d.Image.Label))
	}
	if inner := d.images(); len(inner) > 0 && len(d.Image.Boot()) == 0 {
		return advice.New(fmt.Sprintf("%s holds no system, but images: %s", named, strings.Join(inner, ", ")), "take the image that is to boot out of it, and name that")
	}
	for _, c := range d.Found.Configs {
		if len(c.Entries) > 0 {
			return advice.New(fmt.Sprintf("%s is of no family of systems that Spur knows, though %s lists what it boots", named, c.Path), see+"describe it in a file for --families, or name its kernel and initrds")
		}
	}
	return advice.New(named+" holds no system that Spur knows: there is no boot menu on it that names a kernel", see+"name an image that computers boot from")
}

// images are those that lie in an image's topmost folder.
func (d Disc) images() []string {
	entries, err := fs.ReadDir(d.Image, ".")
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		if ext := strings.ToLower(path.Ext(e.Name())); (ext == ".iso" || ext == ".img") && len(all) < 8 {
			all = append(all, printable.Line(e.Name()))
		}
	}
	return all
}
