package image

import (
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// lookForRPi looks for what a Raspberry Pi starts: the firmware of a 3 or a 4, for a 5,
// which has its own, the configuration of a folder with its device tree, or what it
// boots over HTTP.
func (l *folderLook) lookForRPi() {
	for _, name := range l.files {
		dir, base := path.Split(name)
		switch {
		case base == "start.elf", base == "start4.elf":
		case base == route.RPiConfig && len(l.inFolder(dir, "bcm2712*.dtb")) > 0:
		case base == route.RPiImage && l.has(dir+"boot.sig"):
		default:
			continue
		}
		l.all = append(l.all, candidate{name: name, id: route.Identity{Kind: route.KindRPi, Firmware: boot.RPiFirmware, Arch: boot.ARM64}})
	}
}

// inFolder are the files of a folder whose names match a pattern.
func (l *folderLook) inFolder(dir, pattern string) []string {
	return slices.DeleteFunc(slices.Clone(l.files), func(name string) bool {
		in, base := path.Split(name)
		ok, _ := path.Match(pattern, base) // these patterns are right
		return in != dir || !ok
	})
}

// rpiModels says for which models a folder has what they start.
func (l *folderLook) rpiModels(name string) string {
	dir, _ := path.Split(name)
	var models []string
	for _, m := range []struct{ model, file string }{{"3", "start.elf"}, {"4", "start4.elf"}, {"5", "bcm2712*.dtb"}} {
		if len(l.inFolder(dir, m.file)) > 0 && (m.model != "3" || l.has(dir+"bootcode.bin")) {
			models = append(models, m.model)
		}
	}
	switch {
	case l.has(dir + "boot.sig"):
		return "over HTTP"
	case models == nil:
		return "a 3 that begins with bootcode.bin on its card"
	}
	return "models " + strings.Join(models, ", ")
}

// checkRPi warns of what a Raspberry Pi's firmware will not find. What it boots over
// HTTP holds all in itself.
func (l *folderLook) checkRPi(name string) {
	dir, base := path.Split(name)
	if base == route.RPiImage {
		return
	}
	l.checkRPiConfig(dir)
	kernel := func(name string) bool {
		return route.RPiRole(path.Base(name)) == route.Kernel || slices.Contains(l.found.Kernels, name)
	}
	stands := func(name string) bool {
		return route.RPiRole(path.Base(name)) == route.NBP && !route.IsRPiFirmware(path.Base(name))
	}
	switch files := l.inFolder(dir, "*"); {
	case slices.ContainsFunc(files, stands): // which may bring its own device tree
	case !slices.ContainsFunc(files, kernel) && !l.namesKernel(dir):
		l.warn("machines stop at %s: beside it is no kernel that a Raspberry Pi's firmware would load: kernel8.img, or what config.txt names by kernel=", name)
	case !slices.ContainsFunc(l.files, func(name string) bool { return strings.HasPrefix(name, dir) && path.Ext(name) == ".dtb" }):
		l.warn("beside %s is no device tree, such as bcm2711-rpi-4-b.dtb, without which no Linux starts on a Raspberry Pi: copy those that belong to its kernel", name)
	}
}

// namesKernel tells whether the configuration in a folder names a kernel, or what goes
// before one, that is there, wherever it lies.
func (l *folderLook) namesKernel(dir string) bool {
	text, _ := l.text(path.Join(dir, route.RPiConfig))
	return slices.ContainsFunc(rpiConfigFiles(text), func(f rpiFile) bool {
		return f.key != "initramfs" && f.key != "ramfsfile" && l.has(path.Join(dir, f.name))
	})
}
