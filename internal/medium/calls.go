package medium

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/printable"
)

// callsMost bounds a medium's own name, so that a line of a menu has place for it.
const callsMost = 64

// Calls is what a medium of a known family calls itself: what it says in .disk/info or else
// its family, with the volume's name; empty for others.
func (d Disc) Calls() string {
	f := d.Found
	if f.Family.Name == "" {
		return ""
	}
	if f.Info != "" {
		return shortened(printable.Line(f.Info))
	}
	title, _, _ := strings.Cut(cmp.Or(f.Family.Title, f.Family.Name), ", or a ")
	// What programs write where nobody names a volume.
	if slices.Contains([]string{"", "CDROM", "ISOIMAGE"}, d.Image.Label) {
		return title
	}
	return shortened(fmt.Sprintf("%s (%s)", title, printable.Line(d.Image.Label)))
}

// shortened cuts a text between two words.
func shortened(text string) string {
	if len(text) <= callsMost {
		return text
	}
	cut := strings.ToValidUTF8(text[:callsMost], "")
	if at := strings.LastIndexByte(cut, ' '); at > callsMost/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " -,(")
}
