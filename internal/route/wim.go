package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// WimbootFile is the iPXE project's wimboot, under whatever name it is on this host: an EFI
// application and, that for x64 and that for x86, a kernel by Linux's boot protocol in one.
const WimbootFile = "wimboot"

// wimbootOutOf is the first version of wimboot that takes the boot configuration and
// boot.sdi out of the image (its CHANGELOG.md).
const wimbootOutOf = "2.7.1"

// peNeeds is what Windows PE needs besides its image, as Microsoft says.
const peNeeds = 512 << 20

// wimNeeds is what an image needs, which wimboot leaves where it is.
func wimNeeds(_ boot.Client, p boot.Payload) int64 {
	w, _ := p.Content.(boot.WIM)
	if w.Bytes == 0 {
		return peNeeds
	}
	return w.Bytes + peNeeds
}

// wimMost is how large an image can be on a BIOS, where iPXE has it below 4 GiB.
const wimMost = 3 << 30

// unfitWIM says why a machine can't start an image of Windows PE by wimboot, or "".
func unfitWIM(c boot.Client, p boot.Payload, host Host) string {
	w, ok := p.Content.(boot.WIM)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no Windows image", p.Title())
	case c.Firmware != boot.BIOS && c.Firmware != boot.UEFI:
		return fmt.Sprintf("%s is a Windows image, which wimboot starts on a BIOS and on UEFI, and the machine is %s", w.Title(), c.Platform())
	case w.Arch != "" && !runsWindows(c, w.Arch):
		return fmt.Sprintf("%s is a Windows image for %s, the machine is %s", w.Title(), w.Arch, c.Platform())
	case len(w.Lacks[c.Firmware]) > 0:
		return fmt.Sprintf("%s lacks %s, which wimboot wants on %s", w.Title(), strings.Join(w.Lacks[c.Firmware], ", "), firmwareName(c))
	case c.Firmware == boot.BIOS && w.Bytes > wimMost:
		return fmt.Sprintf("%s has %d MiB, and on a BIOS iPXE has room for less than 3 GiB", w.Title(), w.Bytes>>20)
	}
	if b, ok := host.Loaders.Find(WimbootFile, c); ok {
		return unfitWimboot(b, c, w, host)
	}
	return "" // that it isn't there is told apart
}

// runsWindows tells whether a machine runs a Windows of an architecture. UEFI firmware
// starts the boot manager, which must be its own.
func runsWindows(c boot.Client, a boot.Arch) bool {
	if c.Firmware == boot.BIOS {
		return a == boot.X64 || a == boot.X86
	}
	return a == c.Arch || c.Arch == ""
}

// unfitWimboot says what this host's wimboot can't do that an image needs, or "".
func unfitWimboot(b Binary, c boot.Client, w boot.WIM, host Host) string {
	inside, version := w.Inside[c.Firmware], b.Identity.Version
	switch {
	case host.unsigned(c, b.Identity.Signed()):
		return notSigned("wimboot")
	case version != "" && CompareVersions(version, wimbootOutOf) < 0 && len(inside) > 0:
		return fmt.Sprintf("%s has %s inside of itself, from where wimboot takes that from version %s on, and this host has %s", w.Title(), strings.Join(inside, ", "), wimbootOutOf, version)
	}
	return ""
}

func firmwareName(c boot.Client) string {
	if c.Firmware == boot.BIOS {
		return "a BIOS"
	}
	return "UEFI"
}

// helpers are the programs that a loader starts in the place of a kernel, so that they
// bring a payload, and that it asks for beside its configuration; and the configuration of
// a program that reads one itself.
func (l Loader) helpers() []File {
	var all []File
	for _, h := range []struct {
		file string
		name boot.Loader
		form Form
	}{{MemdiskFile, boot.Memdisk, MemdiskForm}, {WimbootFile, boot.Wimboot, WIMForm}} {
		if slices.Contains(l.Brings, h.form) {
			all = append(all, File{Name: h.file, Role: Extra, Loader: h.name})
		}
	}
	if slices.Contains(l.Brings, XenForm) {
		all = append(all, File{Name: XenConfig, Role: Extra})
	}
	if slices.Contains(l.Brings, DiskForm) || slices.Contains(l.Brings, RAMDiskForm) {
		all = append(all, File{Name: XenDisk, Role: Kernel})
	}
	return all
}
