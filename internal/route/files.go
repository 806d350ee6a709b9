package route

import "slices"

// Role says what a file is in the course of a boot.
type Role string

// The roles of files, in the order in which a boot meets them.
const (
	NBP    Role = "loader" // the network boot program that firmware loads
	Script Role = "script" // tells the loader what to do
	Kernel Role = "kernel"
	Initrd Role = "initrd"
	Extra  Role = "file" // a file that the command line refers to
	Beacon Role = "beacon"
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
}

// Files are the files of a route's boot, besides those that its configuration
// names with sealed names of their own.
func (r Route) Files() []File {
	return []File{{BeaconFile, Beacon}, {r.Give, r.Role}}
}

// File finds a declared file by its name.
func (r Route) File(name string) (File, bool) {
	files := r.Files()
	i := slices.IndexFunc(files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return File{}, false
	}
	return files[i], true
}
