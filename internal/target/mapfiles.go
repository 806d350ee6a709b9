package target

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// MapFiles returns the target with the name of each file, folder and URL replaced by what f
// makes of it, also of those that its command line names; the machine's own disk has none. An
// error is about the option that names the file.
func (t Target) MapFiles(f func(name string) (string, error)) (Target, error) {
	if t.isLocal() {
		return t, nil
	}
	var err error
	if t.Kernel, err = f(t.Kernel); err != nil {
		return t, err
	}
	if t.DTB != "" {
		if t.DTB, err = f(t.DTB); err != nil {
			return t, dtbOption.about(err)
		}
	}
	if t.Initrds, err = initrdsOption.mapEach(t.Initrds, f); err != nil {
		return t, err
	}
	if t.Cmdline, err = mapCmdline(t.Cmdline, f); err != nil {
		return t, cmdlineOption.about(err)
	}
	t.Modules, err = modulesOption.mapEach(t.Modules, func(module string) (string, error) {
		name, told, ok := strings.Cut(module, " ")
		name, err := f(name)
		if ok {
			name += " " + told
		}
		return name, err
	})
	return t, err
}

// mapEach maps the values of an option.
func (o option) mapEach(values []string, f func(string) (string, error)) ([]string, error) {
	var mapped []string
	for n, value := range values {
		other, err := f(value)
		if err != nil {
			return values, o.aboutNumber(n, err)
		}
		mapped = append(mapped, other)
	}
	return mapped, nil
}

// mapCmdline maps the files that a command line names. What else is in braces may be meant
// for a medium, which isn't known yet.
func mapCmdline(text string, f func(string) (string, error)) (string, error) {
	cmdline, _, err := boot.ParseScript(text)
	if err != nil || len(cmdline.Files()) == 0 {
		return text, err
	}
	if cmdline, err = cmdline.MapFiles(f); err != nil {
		return text, err
	}
	return cmdline.Expand(func(f boot.File) string { return fmt.Sprintf("{{ ID %q }}", f.Source) }, "{{ UP }}"), nil
}
