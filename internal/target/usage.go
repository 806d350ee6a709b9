package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/printable"
)

// Surroundings are what of the rest of a configuration rules some targets out.
type Surroundings struct {
	WithoutDHCP  bool // Spur sends machines nothing by DHCP
	AsBootServer bool // another server's menu leads machines to Spur
}

// Check tells what of a target can't be understood, before anything is looked
// into.
func (t Target) Check(s Surroundings) error {
	for _, arch := range t.architectures() {
		if err := t.For[arch].Check(s); err != nil {
			return err
		}
	}
	if t.As != "" && !slices.Contains(kinds(), t.As) {
		return asOption.about(advice.Misused(advice.New(fmt.Sprintf("--as %s is unknown", t.As), "it is one of "+strings.Join(kinds(), ", "))))
	}
	if t.Root != "" && !slices.Contains(family.Choices(), family.Over(t.Root)) {
		return rootOption.about(advice.Misused(advice.New(fmt.Sprintf("--root %s is unknown", t.Root), "it is one of "+family.Listed(family.Choices()))))
	}
	if t.Menu != nil {
		if err := t.Menu.checkWith(s); err != nil {
			return err
		}
	}
	if s.WithoutDHCP && t.RootPath != "" {
		return rootPathOption.about(advice.Misused(advice.New("--root-path is sent by DHCP, and with --dhcp off Spur sends none", "enter it into your DHCP server, as option 17")))
	}
	for o, text := range map[option]string{cmdlineOption: t.Cmdline, rootPathOption: t.RootPath} {
		if line := strings.Join(strings.Fields(text), " "); printable.Line(line) != line {
			return o.about(advice.Misused(advice.New(o.flag()+" isn't UTF-8 or has control characters: "+printable.Line(line), "leave them out")))
		}
	}
	if _, err := parseCmdline(family.WithoutURLs(t.Cmdline)); err != nil {
		return err
	}
	if _, err := located(t.Kernel); err != nil {
		return advice.Misused(err)
	}
	for n, name := range t.Initrds {
		if _, err := located(name); err != nil {
			return initrdsOption.aboutNumber(n, advice.Misused(err))
		}
	}
	return nil
}

// parseCmdline reads a command line for anything but the image of a disc.
func parseCmdline(text string) (boot.Template, error) {
	c, err := boot.ParseCmdline(text)
	if err != nil {
		return c, cmdlineOption.about(advice.Misused(advice.Wrap(err, "write one of these, the file's name in quotes, or leave the braces out; {{ ISO }}, {{ BASE }} and {{ FILE }} go with ISO images")))
	}
	return c, nil
}

// onlyItself refuses what goes with a kernel beside a target of another kind.
func (t Target) onlyItself(kind, remedy string) error {
	given := t.given()
	if t.Message != "" {
		given = append(given, messageOption)
	}
	if len(given) == 0 {
		return nil
	}
	return given[0].about(advice.Misused(advice.New(fmt.Sprintf("%s is %s, without %s", t.Kernel, kind, flagsOf(given)), remedy)))
}

// given is what is said of a target that goes with a kernel alone.
func (t Target) given() []option {
	var all []option
	for _, one := range []struct {
		option option
		given  bool
	}{
		{initrdsOption, len(t.Initrds) > 0}, {cmdlineOption, t.Cmdline != ""}, {modulesOption, len(t.Modules) > 0}, {dtbOption, t.DTB != ""},
	} {
		if one.given {
			all = append(all, one.option)
		}
	}
	return all
}

// flagsOf are options as the command line calls them.
func flagsOf(all []option) string {
	var flags []string
	for _, o := range all {
		flags = append(flags, o.flag())
	}
	return strings.Join(flags, " and ")
}
