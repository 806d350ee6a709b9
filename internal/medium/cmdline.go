package medium

import (
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
)

// cmdline is the command line with which a system boots over the network.
func (d Disc) cmdline(s family.System) (boot.Template, error) {
	parts, err := d.Found.Arguments(s)
	if err != nil {
		return boot.Template{}, advice.Wrap(fmt.Errorf("%s: %w", d.File.Base(), err), again)
	}
	return d.template(parts, func(text string) (c boot.Template, err error) {
		c.Text(text)
		return c, nil
	})
}

// Cmdline reads a user's own command line, in which what families.yaml has for URLs may stand
// as well as what may in any.
func (d Disc) Cmdline(text string) (boot.Template, error) {
	parts, err := d.Found.Parts(text)
	if err != nil {
		return boot.Template{}, advice.Wrap(fmt.Errorf("the command line: %s: %w", d.File.Base(), err), "name a file of the image; a pattern has * for any part of a name")
	}
	return d.template(parts, boot.ParseCmdline)
}

// template puts parts together, of which read reads the text.
func (d Disc) template(parts []family.Part, read func(string) (boot.Template, error)) (c boot.Template, err error) {
	for _, p := range parts {
		switch {
		case p.Base:
			c.File(d.inside(boot.Root))
		case p.ISO:
			c.File(d.File)
		case p.Export != "":
			told := d.File
			told.Told = boot.Export{Over: d.Found.Root.Over.Protocol(), Word: p.Export, IPv4: d.Found.Root.IPv4}
			c.File(told)
		case p.File != "":
			c.File(d.inside(p.File))
		default:
			text, err := read(p.Text)
			if err != nil {
				return c, err
			}
			c.Append(text)
		}
	}
	return c, nil
}
