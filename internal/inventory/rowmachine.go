package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

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
