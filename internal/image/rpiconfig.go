package image

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/route"
)

// rpiFile is a file without which a Raspberry Pi's firmware starts no system, since its
// config.txt names it.
type rpiFile struct {
	line int
	key  string
	name string
}

// rpiConfigFiles are the files that a config.txt names: kernels, initrds and what goes
// before a kernel. Those of a filter that fits no machine are left out
// (raspberrypi.com/documentation/computers/config_txt.html).
func rpiConfigFiles(text string) (files []rpiFile) {
	prefix, none, n := "", false, 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if strings.HasPrefix(line, "[") {
			none = strings.HasPrefix(line, "[none]")
			continue
		}
		key, value, list := rpiSetting(line)
		if none || value == "" {
			continue
		}
		switch key {
		case "os_prefix":
			prefix = value
		case "kernel", "armstub", "initramfs", "ramfsfile":
			for _, name := range list {
				files = append(files, rpiFile{n, key, rpiPrefixed(key, prefix, name)})
			}
		}
	}
	return files
}

// rpiSetting takes a line apart. An initramfs stands without an equals sign and before
// the address that it is loaded to; several are separated by commas.
func rpiSetting(line string) (key, value string, list []string) {
	key, value, _ = strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "initramfs" {
		key, value = fields[0], fields[1]
	}
	value = strings.TrimSpace(value)
	list = []string{value}
	if key == "initramfs" || key == "ramfsfile" {
		list = strings.Split(value, ",")
	}
	return key, value, slices.DeleteFunc(list, func(name string) bool { return name == "" })
}

// rpiPrefixed is the name of a file with os_prefix before it, which holds for all that
// belongs to the system.
func rpiPrefixed(key, prefix, name string) string {
	if key == "armstub" {
		return name
	}
	return prefix + name
}

// checkRPiConfig warns of what a Raspberry Pi's config.txt names and that isn't there.
func (l *folderLook) checkRPiConfig(dir string) {
	config := path.Join(dir, route.RPiConfig)
	text, _ := l.text(config)
	var missing []string
	for _, f := range rpiConfigFiles(text) {
		if !l.has(path.Join(dir, f.name)) {
			missing = append(missing, fmt.Sprintf("%s, line %d, names %s, %s", config, f.line, clipWord(f.name), l.absence(path.Join(dir, f.name))))
		}
	}
	for _, m := range missing[:min(len(missing), problemsMost)] {
		l.warn("%s: a Raspberry Pi that takes that line stops, or boots without it", m)
	}
}
