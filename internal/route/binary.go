package route

import (
	"crypto/sha256"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Binary is a build that this host has: in a file, or in Spur itself.
type Binary struct {
	// Build is the line of the table that it stands for. What is in no line, such as a
	// shim, has its own name there.
	Build
	Path     string            // of its file; empty for one that is in Spur itself
	Content  []byte            // of one that is in Spur itself
	Own      bool              // in a folder that the operator named
	Beside   []Binary          // the companions that are served with it
	Sum      [sha256.Size]byte // of its content
	Identity Identity
}

// Place says where a binary is.
func (b Binary) Place() string {
	if b.Path == "" {
		return b.File + " in this program"
	}
	return b.Path
}

// Name is what its file is called.
func (b Binary) Name() string {
	if b.Path == "" {
		return b.File
	}
	return filepath.Base(b.Path)
}

// Binaries are the loaders at hand, of each kind the preferred first (Prefer).
type Binaries []Binary

// Paths are the files of all of them, their companions' too.
func (b Binaries) Paths() []string {
	var all []string
	for _, have := range b {
		for _, one := range append([]Binary{have}, have.Beside...) {
			if one.Path != "" {
				all = append(all, one.Path)
			}
		}
	}
	return all
}

// Find returns the preferred build of this name for this machine.
func (b Binaries) Find(file string, c boot.Client) (Binary, bool) {
	all := b.All(file, c)
	if len(all) == 0 {
		return Binary{}, false
	}
	return all[0], true
}

// Has tells whether there is any build of a loader.
func (b Binaries) Has(name boot.Loader) bool {
	builds := FindLoader(name).Builds
	return slices.ContainsFunc(b, func(have Binary) bool { return slices.Contains(builds, have.Build) })
}

// Named returns the first build of this name, for a machine of which no more is
// known.
func (b Binaries) Named(file string) (Binary, bool) {
	i := slices.IndexFunc(b, func(have Binary) bool { return have.File == file })
	if i < 0 {
		return Binary{}, false
	}
	return b[i], true
}

// buildFor is the first build for a machine.
func (l Loader) buildFor(c boot.Client) (Build, bool) {
	i := slices.IndexFunc(l.Builds, func(b Build) bool { return b.Firmware == c.Firmware && b.Arch == c.Arch })
	if i < 0 {
		return Build{}, false
	}
	return l.Builds[i], true
}

// Stub is what UKIs for a machine begin with.
func (b Binaries) Stub(c boot.Client) (Binary, bool) {
	build, ok := FindLoader(boot.Stub).buildFor(c)
	if !ok {
		return Binary{}, false
	}
	return b.Find(build.File, c)
}
