package route

import (
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Role says what a file is in the course of a boot.
type Role string

// The roles of files, in the order in which a boot meets them.
const (
	NBP    Role = "loader" // the network boot program that firmware loads
	Script Role = "script" // tells the loader what to do
	Kernel Role = "kernel"
	Initrd Role = "initrd"
	Module Role = "module" // of a Multiboot kernel or of Xen
	Extra  Role = "file"   // another one, such as the command line refers to
	Beacon Role = "beacon"
	Packed Role = "packed kernel" // a kernel in a gzip file, which is served unpacked
	Tagged Role = "tagged image"  // which is served as a kernel
)

// BeaconFile is what a running system fetches to say that it is up.
const BeaconFile = "up"

// File is a file that a route declares: a name in the tree of its boot. Its role
// says what is behind it: a loader's file of this host by that name, what is
// written for the loader of the route, or a line that says that the machine was
// seen.
type File struct {
	Name string
	Role Role
	// Loader is the program that a loader's file is, where a shim is among them.
	Loader boot.Loader
}

// Files are the files of a route's boot, besides those that its configuration
// names with sealed names of their own.
func (r Route) Files() []File {
	if r.byUBoot() {
		return uBootFiles()
	}
	files := []File{{Name: BeaconFile, Role: Beacon}, {Name: r.Give, Role: r.Role}}
	files = append(files, FindLoader(r.Loader).helpers()...)
	if r.Loader == boot.IPXE && r.Role == Script {
		return append(files, File{Name: ShimFile, Role: Extra, Loader: boot.Shim}) // for its command shim
	}
	if r.Shim {
		files[1].Loader = boot.Shim
	}
	if r.Role != NBP || r.Loader == boot.ROM || r.Loader == boot.IPXE {
		return files // a payload's own program, or iPXE, which is told its script when it asks
	}
	l := FindLoader(r.Loader)
	return append(append(files, l.Next), l.beside(r.Give)...)
}

// File finds a file of a route's boot by its name. That is also the configuration under
// each name that its loader has for it, and on a route with a shim what the shim asks for
// beside itself, under whatever name: its second stage.
func (r Route) File(name string) (File, bool) {
	if r.byUBoot() {
		return uBootFile(name)
	}
	files := r.Files()
	if i := slices.IndexFunc(files, func(f File) bool { return f.Name == name }); i >= 0 {
		return files[i], true
	}
	switch l := FindLoader(r.Loader); {
	case l.Serves != nil:
		return l.Serves(name), true
	case l.Config != nil && l.Config(name):
		return File{Name: name, Role: Script}, true
	case !r.Shim, strings.Contains(name, "/"), r.DoesWithout(name):
		return File{}, false
	case isMokManager(name):
		return File{Name: name, Role: NBP, Loader: boot.MokManager}, true
	}
	return File{Name: name, Role: NBP, Loader: r.Loader}, true
}

// AtRoot finds a file for which a loader of the route looks outside of the boot's
// folder, under a name that was built into it: GRUB its configuration, in
// whatever folder, and a shim that was told no folder its second stage. U-Boot asks
// there for its script.
func (r Route) AtRoot(name string) (File, bool) {
	if r.byUBoot() {
		return r.uBootAtRoot(name)
	}
	f, ok := r.File(path.Base(name))
	switch {
	case !ok || r.Role != NBP:
		return File{}, false
	case f.Role == Script, r.Shim && f.Role == NBP && path.Ext(name) == ".efi" && !strings.Contains(name, "/"):
		return f, true
	}
	return File{}, false
}

// DoesWithout tells whether a name is one of those for which the programs of a
// route look although they need no such file: a shim for what its
// vendor has revoked meanwhile (shim.c, load_revocations_file and load_certs),
// GRUB for the lists of its modules and for configurations of one machine, and
// iPXE for a script beside it. U-Boot looks for a device tree, and takes its own.
func (r Route) DoesWithout(name string) bool {
	if r.byUBoot() {
		return isDeviceTree(name)
	}
	base := path.Base(name)
	switch {
	case r.Shim:
		return path.Ext(base) == ".ipxe" || LoadersDoWithout(base)
	case r.Loader == boot.GRUB:
		return grubDoesWithout(base)
	}
	return false
}

// LoadersDoWithout tells whether a name is one of those for which every shim or GRUB
// looks, a folder's own too, although it needs no such file.
func LoadersDoWithout(name string) bool {
	base := path.Base(name)
	return shimDoesWithout(base) || grubDoesWithout(base)
}

func shimDoesWithout(base string) bool {
	return strings.HasPrefix(base, "revocations") || strings.HasPrefix(base, "shim_certificate")
}

func grubDoesWithout(base string) bool {
	switch path.Ext(base) {
	case ".lst":
		return base != LegacyConfig
	case ".mo", ".gmo", ".pf2":
		return true
	}
	return strings.HasPrefix(base, GRUBConfig+"-")
}

// isMokManager tells whether a name is that of the program by which a shim has
// keys enrolled: mmx64.efi or, of old, MokManager.efi.
func isMokManager(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".efi") && (strings.HasPrefix(name, "mm") || strings.HasPrefix(name, "mokmanager"))
}
