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
		return advice.Misused(advice.New(fmt.Sprintf("--as %s is unknown", t.As), "it is one of "+strings.Join(kinds(), ", ")))
	}
	if t.Menu != nil {
		if err := t.Menu.checkWith(s); err != nil {
			return err
		}
	}
	if s.WithoutDHCP && t.RootPath != "" {
		return advice.Misused(advice.New("--root-path is sent by DHCP, and with --dhcp off Spur sends none", "enter it into your DHCP server, as option 17"))
	}
	for flag, text := range map[string]string{"--cmdline": t.Cmdline, "--root-path": t.RootPath} {
		if line := strings.Join(strings.Fields(text), " "); printable.Line(line) != line {
			return advice.Misused(advice.New(flag+" isn't UTF-8 or has control characters: "+printable.Line(line), "leave them out"))
		}
	}
	if _, err := parseCmdline(family.WithoutURLs(t.Cmdline)); err != nil {
		return err
	}
	for _, name := range append([]string{t.Kernel}, t.Initrds...) {
		if _, err := located(name); err != nil {
			return advice.Misused(err)
		}
	}
	return nil
}

// parseCmdline reads a command line for anything but the image of a disc.
func parseCmdline(text string) (boot.Template, error) {
	c, err := boot.ParseCmdline(text)
	if err != nil {
		return c, advice.Misused(advice.Wrap(err, "write one of these, the file's name in quotes, or leave the braces out; {{ ISO }}, {{ BASE }} and {{ FILE }} go with ISO images"))
	}
	return c, nil
}

// onlyItself refuses what goes with a kernel beside a target of another kind.
func (t Target) onlyItself(kind, remedy string) error {
	var given []string
	if len(t.Initrds) > 0 {
		given = append(given, "INITRD")
	}
	if t.Cmdline != "" {
		given = append(given, "--cmdline")
	}
	if len(t.Modules) > 0 {
		given = append(given, "--module")
	}
	if t.DTB != "" {
		given = append(given, "--dtb")
	}
	if t.Message != "" {
		given = append(given, "--message")
	}
	if len(given) == 0 {
		return nil
	}
	return advice.Misused(advice.New(fmt.Sprintf("%s is %s, without %s", t.Kernel, kind, strings.Join(given, " and ")), remedy))
}
