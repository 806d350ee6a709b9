package image

import (
	"io"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// candidate is a file of a folder that firmware can start.
type candidate struct {
	name     string
	id       route.Identity
	size     int64
	rank     int
	second   string // of a shim: what it starts
	secondID route.Identity
}

// ranks are the kinds of loaders in the order in which they are preferred.
func ranks() []route.Kind {
	return []route.Kind{
		route.KindShim, route.KindPXELINUX, route.KindGRUB, route.KindSyslinux, route.KindIPXE, route.KindREFInd,
		route.KindSystemdBoot, route.KindUKI, route.KindMemtest, route.KindShell, route.KindEFI, route.KindRPi,
	}
}

// lookAtAll finds what firmware can start, and kernels.
func (l *folderLook) lookAtAll() {
	for _, name := range l.files {
		l.lookAt(name)
	}
	l.lookForRPi()
	for i := range l.all {
		l.place(&l.all[i])
	}
	l.all = slices.DeleteFunc(l.all, func(c candidate) bool { return c.rank < 0 })
}

func (l *folderLook) lookAt(name string) {
	f, err := l.root.Open(name)
	if err != nil {
		return // what may not be read can't be served either
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return
	}
	if found, err := Look(f, info.Size()); err == nil && l.bootsAlone(name, found.Kind) {
		return
	}
	if c, ok := identified(name, f, info.Size()); ok && c.id.Kind != route.KindRPi {
		l.all = append(l.all, c)
	}
}

// bootsAlone notes what is no loader, but boots where it is named itself. Xen is among it:
// firmware starts it, and it finds neither its configuration nor its modules then.
func (l *folderLook) bootsAlone(name string, kind boot.Kind) bool {
	switch kind {
	case boot.KindLinux:
		l.found.Kernels = append(l.found.Kernels, name)
	case boot.KindXen:
		l.xens = append(l.xens, name)
	case boot.KindDisk, boot.KindWIM:
		l.images = append(l.images, name)
	default:
		return false
	}
	return true
}

// identified says by its content what a file is that firmware can start.
func identified(name string, r io.ReaderAt, size int64) (candidate, bool) {
	head := make([]byte, min(size, loader.HeadMost))
	if _, err := r.ReadAt(head, 0); err != nil || size > loader.SizeMost || !loader.MayBe(head) {
		return candidate{}, false
	}
	id, err := loader.Identify(r, size)
	return candidate{name: name, id: id, size: size}, err == nil
}

// place says how far up a candidate stands; what nobody starts by itself stands below
// all.
func (l *folderLook) place(c *candidate) {
	c.rank = slices.Index(ranks(), c.id.Kind)
	if c.rank < 0 {
		return
	}
	c.rank *= 2 // leaves a place behind each kind for what lacks its companion
	if c.id.Kind == route.KindShim {
		l.findSecond(c)
		if c.second == "" {
			c.rank = 2 * len(ranks())
		}
		return
	}
	if lacking := l.companion(*c); lacking != "" {
		c.rank++
	}
}

// findSecond finds what a shim starts, which is beside it.
func (l *folderLook) findSecond(c *candidate) {
	for _, other := range l.all {
		beside := path.Dir(other.name) == path.Dir(c.name) && other.id.Firmware == c.id.Firmware && other.id.Arch == c.id.Arch
		if beside && (other.id.Kind == route.KindGRUB || other.id.Kind == route.KindIPXE) && c.second == "" {
			c.second, c.secondID = path.Base(other.name), other.id
		}
	}
}

// companion is the file that a loader stops without and that isn't beside it; empty
// where it lacks none.
func (l *folderLook) companion(c candidate) string {
	file := companionOf(c.id)
	if file == "" || l.has(path.Join(path.Dir(c.name), file)) {
		return ""
	}
	return file
}

// companionOf is the file that a loader stops without. PXELINUX and Syslinux have had
// their core in a file of its own since version 5 (Syslinux: core/elflink/load_env32.c).
func companionOf(id route.Identity) string {
	switch {
	case id.Kind == route.KindPXELINUX && (id.Version == "" || route.CompareVersions(id.Version, "5") >= 0):
		return "ldlinux.c32"
	case id.Kind == route.KindSyslinux && id.Arch == boot.X64:
		return "ldlinux.e64"
	case id.Kind == route.KindSyslinux && id.Arch == boot.X86:
		return "ldlinux.e32"
	}
	return ""
}

// check warns of what of a chosen program will go wrong.
func (l *folderLook) check(c candidate) {
	if c.id.Kind == route.KindRPi {
		l.checkRPi(c.name)
		return
	}
	if file := l.companion(c); file != "" {
		l.warn("%s stops at once without %s, which isn't beside it: copy that there, from the same version of Syslinux", c.name, file)
	}
	if c.id.Kind == route.KindShim && c.second == "" {
		l.warn("%s is a shim with nothing beside it that it starts: it asks for grub%s.efi", c.name, shimSuffix(c.id.Arch))
	}
	if c.id.Firmware == boot.BIOS && c.size > nbpSpace {
		l.warn("%s: %s", c.name, sizeWarning(c.size))
	}
	if c.id.Kind == route.KindPXELINUX || c.id.Kind == route.KindSyslinux {
		l.checkConfigs(c.name)
	}
	if grub := c.asks(); grub.Kind == route.KindGRUB {
		l.checkGRUB(c.name, grub.Prefix)
	}
}

// checkGRUB warns of a GRUB that has no configuration in the folder that was built into
// it, nor beside or below itself, where others look.
func (l *folderLook) checkGRUB(name, prefix string) {
	if strings.HasPrefix(prefix, "(memdisk)") {
		return
	}
	_, folder, device := strings.Cut(prefix, ")")
	if !device {
		folder = prefix
	}
	folder = strings.Trim(folder, "/")
	dirs := []string{folder, path.Dir(name)}
	at := func(file string) bool {
		return strings.HasPrefix(path.Base(file), "grub.cfg") && slices.ContainsFunc(dirs, func(dir string) bool { return dir == "." || strings.HasPrefix(file, dir+"/") })
	}
	var configs []string
	for _, file := range l.files {
		if strings.HasPrefix(path.Base(file), "grub.cfg") && slices.Contains(dirs, path.Dir(file)) {
			configs = append(configs, file)
		}
	}
	l.checkGRUBConfigs(configs)
	if !l.has(path.Join(folder, "grub.cfg")) && !slices.ContainsFunc(l.files, at) {
		l.warn("the GRUB of %s finds no configuration and shows a prompt, unless it was built with one: there is no %s in the folder", name, path.Join(folder, "grub.cfg"))
	}
}

// asks says who asks for a configuration once a candidate was started.
func (c candidate) asks() route.Identity {
	if c.second != "" {
		return c.secondID
	}
	return c.id
}

// shimSuffix is what a shim's file names end in for an architecture (shim: Make.defaults).
func shimSuffix(a boot.Arch) string {
	switch a {
	case boot.ARM64:
		return "aa64"
	case boot.X86:
		return "ia32"
	}
	return string(a)
}
