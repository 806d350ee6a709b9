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

// File is a file that a route declares: a name in the tree of its boot, and what
// is behind it.
type File struct {
	Name    string
	Role    Role
	Content Content
}

// Content is where the bytes of a declared file come from.
type Content int

// The sources of declared files.
const (
	FromBinary Content = iota // a loader's file of this host, by the file's name
	FromConfig                // written for the loader of the route
	FromBeacon                // a line that says that the machine was seen
)

// Files are the files of a route's boot, besides those that its configuration
// names with sealed names of their own.
func (r Route) Files() []File {
	files := []File{{BeaconFile, Beacon, FromBeacon}}
	if r.Role == NBP {
		return append(files, File{r.Give, NBP, FromBinary})
	}
	return append(files, File{r.Give, Script, FromConfig})
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
