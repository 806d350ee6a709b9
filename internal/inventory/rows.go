package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// reader reads one file.
type reader struct {
	source
	profiles map[string]profile
}

// profile is a target with a name, which may stand in several rows.
type profile struct {
	at     Place
	target Target
	used   bool
}

// file reads a document.
func (r *reader) file(f *ast.File) ([]Row, error) {
	empty := advice.New("the file names no machines", "list them below machines:; "+docs)
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return nil, r.error(Place{}, empty)
	}
	fields, err := r.fields(f.Docs[0].Body, "machines: with a list below it")
	if err != nil {
		return nil, err
	}
	var machines, profiles ast.Node
	for _, f := range fields {
		switch f.name {
		case "profiles":
			profiles = f.value
		case "machines":
			machines = f.value
		default:
			return nil, r.unknownAtTop(f)
		}
	}
	if machines == nil {
		return nil, r.error(Place{}, empty)
	}
	if profiles != nil {
		if err := r.readProfiles(profiles); err != nil {
			return nil, err
		}
	}
	rows, err := r.rows(machines)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.profiles)) {
		if p := r.profiles[name]; !p.used {
			return nil, r.fail(p.at, fmt.Sprintf("no machine has the profile %s", name), "name it in a row as profile: "+name+", or leave it out")
		}
	}
	return rows, nil
}

func (r *reader) readProfiles(n ast.Node) error {
	fields, err := r.fields(n, "a name with a target below it")
	if err != nil {
		return err
	}
	if len(fields) > profilesMost {
		return r.fail(fields[profilesMost].at, fmt.Sprintf("there are more than %d profiles", profilesMost), "say more in rows")
	}
	for _, f := range fields {
		keys, err := r.fields(f.value, "a target, with boot:,")
		if err != nil {
			return err
		}
		var t Target
		for _, key := range keys {
			known, err := r.ofTarget(&t, key)
			if err != nil {
				return err
			}
			if !known {
				return r.unknown(key, "a profile", targetKeys())
			}
		}
		if t.Boot == "" {
			return r.fail(f.at, fmt.Sprintf("the profile %s doesn't say what boots", f.name), "add boot: TARGET")
		}
		r.profiles[f.name] = profile{at: f.at, target: t}
	}
	return nil
}

func (r *reader) rows(n ast.Node) ([]Row, error) {
	nodes, err := r.list(n, "a list of machines")
	if err != nil {
		return nil, err
	}
	switch {
	case len(nodes) == 0:
		return nil, r.fail(place(n), "the list has no machines", "add some; "+docs)
	case len(nodes) > RowsMost:
		return nil, r.fail(place(nodes[RowsMost]), fmt.Sprintf("there are more than %d rows", RowsMost), "join rows by globs and lists")
	}
	rows := make([]Row, len(nodes))
	for i, node := range nodes {
		if rows[i], err = r.row(node); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// row reads a row: first what its profile says, then what it says itself.
func (r *reader) row(n ast.Node) (Row, error) {
	fields, err := r.fields(n, "a row with mac:, uuid: or serial:, and boot:,")
	if err != nil {
		return Row{}, err
	}
	row := Row{At: place(n)}
	if len(fields) > 0 {
		row.At = fields[0].at
	}
	own, profiled := Target{}, field{}
	for _, f := range fields {
		known, err := r.ofMachine(&row, f)
		if err == nil && !known {
			known, err = r.ofTarget(&own, f)
		}
		switch {
		case err != nil:
			return Row{}, err
		case f.name == "profile":
			profiled = f
		case !known:
			return Row{}, r.unknown(f, "a machine", slices.Concat(machineKeys(), []string{"profile"}, targetKeys()))
		}
	}
	if len(row.MAC)+len(row.UUID)+len(row.Serial)+len(row.Arch)+len(row.Firmware) == 0 {
		return Row{}, r.fail(row.At, "the row doesn't say which machines it is about", `add mac:, uuid: or serial:; all machines are mac: "*"`)
	}
	row.Target, err = r.target(row.At, own, profiled)
	return row, err
}

// target is what a row boots: its own target, or a profile's, with what the row says
// besides in the place of what that says.
func (r *reader) target(at Place, own Target, profiled field) (Target, error) {
	if profiled.value == nil {
		if own.Boot == "" {
			return Target{}, r.fail(at, "the row doesn't say what boots", "add boot: TARGET, such as boot: local, or profile: NAME")
		}
		return own, nil
	}
	if own.Boot != "" {
		return Target{}, r.fail(own.Place(BootKey, 0), "the row has boot: and profile:", "leave one out")
	}
	name, err := r.scalar(profiled.value, "the name of a profile", true)
	if err != nil {
		return Target{}, err
	}
	p, ok := r.profiles[name]
	if !ok {
		return Target{}, r.fail(place(profiled.value), fmt.Sprintf("there is no profile %s", name), "describe it below profiles:")
	}
	p.used = true
	r.profiles[name] = p
	return own.over(p.target), nil
}

// over is a target with what another one says where this one says nothing.
func (t Target) over(other Target) Target {
	for _, f := range []struct{ own, other *string }{
		{&other.Cmdline, &t.Cmdline}, {&other.As, &t.As}, {&other.Entry, &t.Entry}, {&other.DTB, &t.DTB}, {&other.Message, &t.Message}, {&other.RootPath, &t.RootPath}, {&other.Root, &t.Root},
	} {
		if *f.other != "" {
			*f.own = *f.other
		}
	}
	if len(t.Initrds) > 0 {
		other.Initrds = t.Initrds
	}
	if len(t.Modules) > 0 {
		other.Modules = t.Modules
	}
	other.places = maps.Clone(other.places)
	maps.Copy(other.places, t.places)
	return other
}

func machineKeys() []string { return []string{"mac", "uuid", "serial", "arch", "firmware", "once"} }

// ofMachine reads a field that says which machines a row is about, or once; known: it is
// one.
func (r *reader) ofMachine(row *Row, f field) (known bool, err error) {
	switch f.name {
	case "mac":
		row.MAC, err = r.patterns(f, macPattern, "52:54:00:12:34:56, or 52:54:00:* for all that begin so")
	case "uuid":
		row.UUID, err = r.patterns(f, uuidPattern, "4c4c4544-0051-3510-8052-b4c04f4b3132, or with * for the rest")
	case "serial":
		row.Serial, err = r.patterns(f, serialPattern, fmt.Sprintf("a serial number of up to %d characters, or with * for the rest", serialMost))
	case "arch":
		row.Arch, err = words(r, f, "an architecture", boot.ParseArch)
	case "firmware":
		row.Firmware, err = words(r, f, "a kind of firmware", parseFirmware)
	case "once":
		b, ok := f.value.(*ast.BoolNode)
		if !ok {
			return true, r.wrong(f.value, "true or false")
		}
		row.Once = b.Value
	default:
		return false, nil
	}
	return true, err
}

// patterns reads what a machine is known by.
func (r *reader) patterns(f field, read func(string) (canonical, why string), looks string) ([]Pattern, error) {
	texts, at, err := r.texts(f.value, "a text or a list of some", true)
	if err != nil {
		return nil, err
	}
	var all []Pattern
	for i, text := range texts {
		canonical, why := read(text)
		if why == "" && strings.ContainsAny(canonical, "*?") && len(canonical) > globMost {
			why = "is too long a glob"
		}
		if why != "" {
			return nil, r.fail(at[i], fmt.Sprintf("%s: %q %s", f.name, text, why), "it looks like "+looks)
		}
		all = append(all, newPattern(canonical, at[i]))
	}
	return all, nil
}

// words reads words of a kind.
func words[T any](r *reader, f field, what string, parse func(string) (T, error)) ([]T, error) {
	texts, at, err := r.texts(f.value, what+" or a list of some", false)
	if err != nil {
		return nil, err
	}
	var all []T
	for i, text := range texts {
		v, err := parse(text)
		if err != nil {
			return nil, r.error(at[i], advice.Or(err, "name one of these"))
		}
		all = append(all, v)
	}
	return all, nil
}

func parseFirmware(text string) (boot.Firmware, error) {
	known := []boot.Firmware{boot.BIOS, boot.UEFI, boot.RPiFirmware, boot.Board, boot.OpenFirmware}
	if f := boot.Firmware(strings.ToLower(text)); slices.Contains(known, f) {
		return f, nil
	}
	return "", fmt.Errorf("%q is no firmware that machines boot by; these are bios, uefi, raspberry-pi, u-boot, open-firmware", text)
}

func targetKeys() []string {
	return []string{BootKey, "initrds", "cmdline", "modules", "entry", "as", "dtb", "message", "root-path", "root"}
}

// ofTarget reads a field of a target; known: it is one.
func (r *reader) ofTarget(t *Target, f field) (known bool, err error) {
	one := map[string]*string{"cmdline": &t.Cmdline, "entry": &t.Entry, "as": &t.As, "dtb": &t.DTB, "message": &t.Message, "root-path": &t.RootPath, "root": &t.Root, BootKey: &t.Boot}
	if t.places == nil {
		t.places = map[string][]Place{}
	}
	if to, ok := one[f.name]; ok {
		if *to, err = r.scalar(f.value, "a text", f.name == "entry"); err != nil {
			return true, err
		}
		t.places[f.name] = []Place{place(f.value)}
		if f.name == BootKey && t.Boot == "" {
			return true, r.fail(place(f.value), "boot: names nothing", "name a kernel, an image, a folder, a URL, or local")
		}
		return true, nil
	}
	many := map[string]*[]string{"initrds": &t.Initrds, "modules": &t.Modules}
	to, ok := many[f.name]
	if !ok {
		return false, nil
	}
	texts, at, err := r.texts(f.value, "a text or a list of some", false)
	if i := slices.Index(texts, ""); i >= 0 {
		err = r.fail(at[i], f.name+": has a name that is empty", "leave it out")
	}
	*to, t.places[f.name] = texts, at
	return true, err
}

// unknownAtTop says so of a key at the beginning of a line: it may be a row's.
func (r *reader) unknownAtTop(f field) error {
	if slices.Contains(slices.Concat(machineKeys(), []string{"profile"}, targetKeys()), f.name) {
		return r.fail(f.at, f.name+": is a key of a row, and belongs to none here", indentation)
	}
	return r.unknown(f, "a file of machines", []string{"machines", "profiles"})
}

// unknown says that a key is none.
func (r *reader) unknown(f field, of string, known []string) error {
	return r.fail(f.at, fmt.Sprintf("%q is no key of %s", f.name, of), "the keys are "+strings.Join(known, ", "))
}
