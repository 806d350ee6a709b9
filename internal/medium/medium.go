package medium

import (
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/iso"
	"github.com/spurboot/spur/internal/printable"
)

// Disc is the image of an optical disc that was looked into.
type Disc struct {
	File  boot.File
	Image *iso.Image
	Found family.Found
	r     io.ReaderAt
	size  int64
}

// Wanted is what to take a medium for.
type Wanted struct {
	Families family.Table
	Root     family.Over // over what its system is to find its root; empty for the best way
}

// Open looks into an image, which r reads for as long as the disc is used.
func Open(file boot.File, r io.ReaderAt, size int64, wanted Wanted) (Disc, error) {
	if err := image.WholeDisc(r, size); err != nil {
		return Disc{}, advice.Wrap(fmt.Errorf("%s: %w", file.Base(), err), again)
	}
	i, err := iso.Open(r, size)
	if err != nil {
		return Disc{}, advice.Wrap(fmt.Errorf("%s can't be read: %w", file.Base(), err), again)
	}
	if err := i.Whole(); err != nil {
		return Disc{}, advice.Wrap(fmt.Errorf("%s: %w", file.Base(), err), again)
	}
	found := wanted.Families.Recognise(family.Medium{Files: i, Label: i.Label, Size: size, Root: wanted.Root})
	if wanted.Root != "" && found.Family.Name != "" && found.Root.Over == "" {
		return Disc{}, NoRootError{noRoot(file, found, wanted.Root)}
	}
	return Disc{file, i, found, r, size}, nil
}

// again is what to do about an image that is damaged.
const again = "download or copy it again"

// Lacking says which entries of its menus name files that aren't there.
func (d Disc) Lacking() []string {
	var all []string
	for _, lacking := range d.Found.Lacking {
		all = append(all, printable.Line(lacking))
	}
	return all
}

// Warnings say what may be in the way of its system.
func (d Disc) Warnings() []string {
	all := d.Lacking()
	if note := d.note(); note != "" {
		all = append(all, note)
	}
	if root := d.Found.Root; root.Needs != "" {
		all = append(all, fmt.Sprintf("if its initrd lacks %s, the system doesn't find its root over %s", root.Needs, overText(root.Over)))
	}
	if d.Found.Root.Over == family.OverISO && !strings.HasSuffix(d.File.Base(), ".iso") {
		all = append(all, fmt.Sprintf("the system takes for an image only what is called .iso, and this one is called %s: rename it", d.File.Base()))
	}
	return all
}

// title is what the medium is, in words.
func (d Disc) title() string {
	title := d.Found.Family.Title
	if title == "" {
		title = d.Found.Family.Name
	}
	if d.Found.Info != "" {
		title += fmt.Sprintf(" (%s)", printable.Line(d.Found.Info))
	}
	return title
}

// inside is a file of the medium.
func (d Disc) inside(name string) boot.File { return boot.File{Source: d.File.Source, Inside: name} }

// about says what is booted of a medium.
func (d Disc) about(kernel string, s family.System) string {
	text := fmt.Sprintf("%s, %q: %s in %s", d.title(), printable.Line(s.Title), kernel, s.Kernel)
	switch d.Found.Root.Over {
	case family.OverHTTP:
		text += "; the system's root comes over HTTP"
	case family.OverISO:
		text += "; the system fetches the whole image over HTTP"
	case family.OverNFS:
		text += "; the system mounts the image's files over NFS"
	case family.OverNBD, family.OverISCSI:
		text += "; the system mounts the image over " + overText(d.Found.Root.Over)
	case family.OverInitrd:
		what := "the whole image"
		if d.Found.Root.Layout != "" {
			what = "the image's files"
		}
		text += "; the system has " + what + " in an initrd"
	}
	return text
}
