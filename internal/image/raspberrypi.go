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
		case base == "boot.img" && l.has(dir+"boot.sig"):
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

// checkRPi warns of a folder without a kernel, or what stands for one, where a
// Raspberry Pi's firmware looks for it.
func (l *folderLook) checkRPi(name string) {
	dir, _ := path.Split(name)
	starts := func(name string) bool {
		in, base := path.Split(name)
		role := route.RPiRole(base)
		return in == dir && (role == route.Kernel || role == route.NBP && !route.IsRPiFirmware(base))
	}
	if !slices.ContainsFunc(l.files, starts) && !slices.ContainsFunc(l.found.Kernels, func(name string) bool { return path.Dir(name)+"/" == dir || dir == "" && path.Dir(name) == "." }) {
		l.warn("beside %s is no kernel that a Raspberry Pi's firmware would load: kernel8.img, or what config.txt names by kernel=", name)
	}
}
