package route

import (
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Wants are the files that must be beside a binary of this loader, for all that it
// brings or for some forms.
func (l Loader) Wants(b Binary) []Companion {
	var all []Companion
	for _, c := range l.Companions {
		since := c.Since == "" || b.Identity.Version == "" || CompareVersions(b.Identity.Version, c.Since) >= 0
		if c.Firmware == b.Firmware && c.Arch == b.Arch && since {
			all = append(all, c)
		}
	}
	return all
}

// LoaderOf is the line of the table of loaders that has a build; the zero value for
// what is in no line.
func LoaderOf(b Build) Loader {
	all := Loaders()
	if i := slices.IndexFunc(all, func(l Loader) bool { return slices.Contains(l.Builds, b) }); i >= 0 {
		return all[i]
	}
	return Loader{}
}

// lacking is the first file that should be beside a binary and that this host lacks,
// or "".
func (b Binary) lacking() string { return b.lackingFor("") }

// lackingFor is the first that it lacks for a form.
func (b Binary) lackingFor(form Form) string {
	for _, need := range LoaderOf(b.Build).Wants(b) {
		if _, ok := b.Companion(need.File); !ok && (need.For == "" || need.For == form) {
			return need.File
		}
	}
	return ""
}

// Companion is the file of that name that is served beside a binary.
func (b Binary) Companion(file string) (Binary, bool) {
	i := slices.IndexFunc(b.Beside, func(c Binary) bool { return c.File == file })
	if i < 0 {
		return Binary{}, false
	}
	return b.Beside[i], true
}

// BesideFor are the companions that it asks for where it brings a form.
func (b Binary) BesideFor(form Form) []Binary {
	var all []Binary
	for _, need := range LoaderOf(b.Build).Wants(b) {
		if c, ok := b.Companion(need.File); ok && (need.For == "" || need.For == form) {
			all = append(all, c)
		}
	}
	return all
}

// lacksCompanion says what a binary lacks beside it, and where to get that, or "".
func (h Host) lacksCompanion(b Binary, c boot.Client, form Form) string {
	file := b.lackingFor(form)
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s needs %s beside it, which was not found on this host; %s", b.File, file, h.Distribution.Has(KindLdlinux, c.Arch))
}

// beside are the companions that a loader asks for beside the build of that name.
func (l Loader) beside(build string) []File {
	var files []File
	for _, c := range l.Companions {
		if slices.Contains(l.Builds, Build{build, c.Firmware, c.Arch}) {
			files = append(files, File{Name: c.File, Role: NBP})
		}
	}
	return files
}
