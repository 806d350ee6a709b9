package route

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// The files of a boot by U-Boot, beside its script: what its configuration names.
const (
	UBootKernel = "kernel"
	UBootInitrd = "initrd" // all initrds, one after the other: it takes one
)

// DeviceTrees is the folder in which U-Boot looks for the device tree of its board.
const DeviceTrees = "dtb"

// pxelinuxFolder is where U-Boot looks for a configuration, as PXELINUX does.
const pxelinuxFolder = "pxelinux.cfg/"

// UBootScripted is the configuration that the script has U-Boot follow, which has set
// the kernel's arguments. What pxe get finds under all other names in that folder,
// those that PXELINUX has for a machine, has them itself.
const UBootScripted = pxelinuxFolder + "scripted"

// byUBoot tells whether U-Boot itself, or its EFI, brings the payload.
func (r Route) byUBoot() bool { return r.Loader == boot.UBoot || r.Loader == boot.UBootEFI }

// uBootFiles are the files of a boot by U-Boot, by whichever of its ways it comes to
// them.
func uBootFiles() []File {
	return []File{
		{Name: BeaconFile, Role: Beacon},
		{Name: UBootScript, Role: Script},
		{Name: EFIProgram, Role: Kernel},
		{Name: UBootKernel, Role: Kernel},
		{Name: UBootInitrd, Role: Initrd},
	}
}

// uBootAtRoot finds what U-Boot asks for at the root: by a name of its own, whatever
// it was offered, or because somebody else's DHCP server has sent it here.
func (r Route) uBootAtRoot(name string) (File, bool) {
	switch i := strings.Index(name, pxelinuxFolder); {
	case i >= 0:
		name = name[i:]
	case !isDeviceTree(name):
		if name = path.Base(name); name == "boot.scr" {
			name = UBootScript
		}
	}
	f, ok := r.File(name)
	return f, ok && (f.Role == Script || f.Role == Extra || f.Name == EFIProgram)
}

// uBootFile finds a file of a boot by U-Boot.
func uBootFile(name string) (File, bool) {
	if i := slices.IndexFunc(uBootFiles(), func(f File) bool { return f.Name == name }); i >= 0 {
		return uBootFiles()[i], true
	}
	switch {
	case isPXELINUXConfig(name):
		return File{Name: name, Role: Script}, true
	case isDeviceTree(name):
		return File{Name: name, Role: Extra}, true
	}
	return File{}, false
}

// isDeviceTree tells whether a path is one under which U-Boot looks for a device tree:
// in a folder, which may be all that it knows of its name.
func isDeviceTree(name string) bool {
	return name == DeviceTrees || strings.HasPrefix(name, DeviceTrees+"/")
}

// UBootRoute is the route of a U-Boot that asks at the root.
func UBootRoute(c boot.Client) Route {
	for _, e := range Entries() {
		if e.Speaker == boot.UBoot && e.fits(c) {
			return e.route()
		}
	}
	return Route{}
}

// deafToProxies says that U-Boot hears no offer beside an address, or "".
func deafToProxies(c boot.Client, _ Form) string {
	if !c.Proxied {
		return ""
	}
	return "U-Boot takes what to boot only from the DHCP server that gives its address: let Spur give the addresses (--dhcp server), or have that server name Spur's address as next-server"
}

// unspeakableByUBoot says what of a kernel's command line U-Boot can't be told, or "".
func unspeakableByUBoot(_ boot.Client, p boot.Payload) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return ""
	}
	url := func(boot.File) string { return "http://192.0.2.1/" }
	if err := boot.UBootSays(linux.Cmdline.Expand(url, "http://192.0.2.1/")); err != nil {
		return fmt.Sprintf("%s can't be started by U-Boot: %s", linux.Title(), err)
	}
	return ""
}

// wordlessBoard says why something for an architecture is nothing for a U-Boot that
// doesn't tell its own, or "". That for ARM does, and one for x86 asks for an EFI
// application next, and says it then.
func wordlessBoard(c boot.Client, a boot.Arch, title string) string {
	switch {
	case c.Firmware != boot.Board || c.Arch != "" || a == "":
		return ""
	case a == boot.X86, a == boot.X64, a == boot.ARM, a == boot.ARM64:
		return fmt.Sprintf("%s is for %s, and this U-Boot doesn't say that it is", title, a)
	}
	return ""
}
