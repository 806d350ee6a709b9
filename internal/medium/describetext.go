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
	var t text
	t.WriteString(printable.Line(d.Path) + "\n")
	d.writeIs(&t)
	d.writeMenus(&t)
	d.writeBoot(&t)
	d.writeRemarks(&t)
	_, err := io.WriteString(out, t.String())
	return err
}

// text is a description for people, as far as it is written.
type text struct{ strings.Builder }

// line writes something under a name; nothing where there is nothing to say.
func (t *text) line(name, says string) {
	if says != "" {
		t.WriteString(printable.Line(fmt.Sprintf("  %-9s %s", name, says)) + "\n")
	}
}

// writeIs says what the medium is, and which programs on it firmware starts.
func (d Description) writeIs(t *text) {
	is := cmp.Or(d.Title, d.Family, "of no family that Spur knows")
	if d.Info != "" {
		is += " (" + d.Info + ")"
	}
	t.line("is", is)
	t.line("volume", fmt.Sprintf("%s, %s, %s", cmp.Or(d.Label, "without a name"), d.Format, size.Format(d.Size)))
	for _, b := range d.Boots {
		t.line("El Torito", fmt.Sprintf("%s, %s, %s", b.Platform, b.Emulation, size.Format(b.Size)))
	}
	for _, e := range d.EFI {
		e.writeText(t.line)
	}
}

// writeMenus says what its menus have: all of it only where it boots none of that.
func (d Description) writeMenus(t *text) {
	for _, m := range d.Menus {
		t.line("menu", fmt.Sprintf("%s of %s: %s", m.Path, m.Loader, entries(len(m.Titles))))
		for i := range min(len(m.Titles), startsMost) {
			if len(d.Entries) == 0 {
				t.line("", "  "+m.Titles[i])
				t.line("", "    "+m.Starts[i])
			}
		}
		for _, problem := range m.Problems {
			t.line("", "  "+problem)
		}
	}
}

// writeBoot says what of it boots, and over what its system finds its root.
func (d Description) writeBoot(t *text) {
	for i, e := range d.Entries {
		e.writeText(t.line, i+1)
	}
	t.line("wim", d.WIMIs)
	if len(d.Beside) > 0 {
		t.line("", "  with "+strings.Join(d.Beside, ", "))
	}
	for _, lacking := range d.Lacking {
		name := "left out"
		if d.Family == "" {
			name = "missing"
		}
		t.line(name, lacking)
	}
	t.line("root", rootText(d.Root, d.Layout))
	if len(d.Ways) > 0 {
		t.line("or", "by --root: "+strings.Join(d.Ways, ", "))
	}
	for _, args := range d.Other {
		t.line("or", args+" (from a server of your own)")
	}
}

// writeRemarks says what it needs, what is in its way, and how machines are given it.
func (d Description) writeRemarks(t *text) {
	if d.Memory > 0 {
		t.line("memory", "about "+size.About(d.Memory))
	}
	t.line("note", d.Note)
	t.line("obstacle", d.Obstacle)
	t.line("instead", d.Instead)
	if d.Whole {
		t.line("boots", "as a whole, from memory; whether its system finds itself there is its own matter")
	}
	if len(d.Given) > 0 {
		t.line("by", "these ways first, of those that spur explain lists:")
	}
	for _, g := range d.Given {
		t.WriteString(printable.Line(fmt.Sprintf("    %-12s %-18s %s", g.Machine, g.Asks, g.Gets)) + "\n")
	}
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
