package medium

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// WriteText writes it for people.
func (d Description) WriteText(out io.Writer) error {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			b.WriteString(printable.Line(fmt.Sprintf("  %-9s %s", name, text)) + "\n")
		}
	}
	b.WriteString(printable.Line(d.Path) + "\n")
	is := cmp.Or(d.Title, d.Family, "of no family that Spur knows")
	if d.Info != "" {
		is += " (" + d.Info + ")"
	}
	line("is", is)
	line("volume", fmt.Sprintf("%s, %s, %s", cmp.Or(d.Label, "without a name"), d.Format, size.Format(d.Size)))
	for _, b := range d.Boots {
		line("El Torito", fmt.Sprintf("%s, %s, %s", b.Platform, b.Emulation, size.Format(b.Size)))
	}
	for _, e := range d.EFI {
		e.writeText(line)
	}
	for _, m := range d.Menus {
		line("menu", fmt.Sprintf("%s of %s: %s", m.Path, m.Loader, entries(len(m.Titles))))
		for i := range min(len(m.Titles), startsMost) {
			if len(d.Entries) == 0 {
				line("", "  "+m.Titles[i])
				line("", "    "+m.Starts[i])
			}
		}
		for _, problem := range m.Problems {
			line("", "  "+problem)
		}
	}
	for i, e := range d.Entries {
		e.writeText(line, i+1)
	}
	line("wim", d.WIMIs)
	if len(d.Beside) > 0 {
		line("", "  with "+strings.Join(d.Beside, ", "))
	}
	for _, lacking := range d.Lacking {
		name := "left out"
		if d.Family == "" {
			name = "missing"
		}
		line(name, lacking)
	}
	line("root", rootText(d.Root, d.Layout))
	if len(d.Ways) > 0 {
		line("or", "by --root: "+strings.Join(d.Ways, ", "))
	}
	for _, args := range d.Other {
		line("or", args+" (from a server of your own)")
	}
	if d.Memory > 0 {
		line("memory", "about "+size.About(d.Memory))
	}
	line("note", d.Note)
	line("obstacle", d.Obstacle)
	line("instead", d.Instead)
	if d.Whole {
		line("boots", "as a whole, from memory; whether its system finds itself there is its own matter")
	}
	if len(d.Given) > 0 {
		line("by", "these ways first, of those that spur explain lists:")
	}
	for _, g := range d.Given {
		b.WriteString(printable.Line(fmt.Sprintf("    %-12s %-18s %s", g.Machine, g.Asks, g.Gets)) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// startsMost bounds how many entries of a menu are told of a medium that boots none of them.
const startsMost = 16

// entries says how many there are.
func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func (e Entry) writeText(line func(name, text string), number int) {
	title := fmt.Sprintf("%d: %s", number, e.Title)
	if e.Default {
		title += " (the default)"
	}
	line("entry", title)
	line("", "  "+strings.Join(append([]string{fmt.Sprintf("%s (%s)", e.Kernel, e.Is)}, e.Initrds...), ", "))
	if text := cmp.Or(e.Cmdline, e.Medium); text != "" {
		line("", "  "+text)
	}
}

// overText is how people write what a root comes over.
func overText(over family.Over) string {
	if over == family.OverISCSI {
		return "iSCSI"
	}
	return strings.ToUpper(string(over))
}

// rootText says what a system's root comes over.
func rootText(over, layout string) string {
	switch family.Over(over) {
	case family.OverHTTP:
		return "over HTTP, out of the image"
	case family.OverISO:
		return "over HTTP: the system fetches the whole image"
	case family.OverInitrd:
		if layout != "" {
			return "the image's files, in an initrd of their own"
		}
		return "the whole image, in an initrd of its own"
	case family.OverNone:
		return "none: all is in the initrds"
	case family.OverNFS:
		return "over NFS: the system mounts the image's files, which Spur exports"
	case family.OverNBD, family.OverISCSI:
		return "over " + overText(family.Over(over)) + ": the system mounts the image, which Spur exports"
	}
	return ""
}
