package tree

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// broughtFile is a file that a payload brings, under the name by which it is asked for.
type broughtFile struct {
	file boot.File
	name string
	role route.Role
	disk bool // file is the image of a disk, of which that is asked for
}

// brought finds a file of a boot in what the client's payload brings. What Spur writes
// for a loader that speaks already goes first, and what this host has of a loader; for a
// ROM's program nothing is written.
func (t *Tree) brought(n Name, name string) (broughtFile, bool) {
	if t.Brings == nil || t.Locked != nil && t.Locked(n.Client) {
		return broughtFile{}, false
	}
	bringer, ok := t.Brings(n.Client)
	if !ok || writtenOrHad(n, name) && !needed(bringer, n, name) && !replaces(bringer, n, name) {
		return broughtFile{}, false
	}
	name = path.Clean(name)
	file, ok := bringer.File(name)
	_, disk := bringer.(boot.Disk)
	return broughtFile{file, name, route.RoleOf(bringer, name), disk}, ok
}

// writtenOrHad tells whether a name is one of what Spur writes, or of what this host has of
// a loader.
func writtenOrHad(n Name, name string) bool {
	f, declared := n.Route.File(name)
	return declared && (n.Route.Role == route.Script || f.Role == route.NBP && n.Route.Loader != boot.ROM)
}

// needed tells whether a module of Syslinux brings what it needs under a name of a part of
// the loader, which this host may lack.
func needed(b boot.Bringer, n Name, name string) bool {
	f, declared := n.Route.File(name)
	_, module := b.(boot.COM32)
	return module && declared && f.Role == route.NBP && name != n.Route.Give
}

// replaces tells whether a payload's own file takes the place of one that this host has: of the
// programs and files with which a loader starts other kinds of payloads, such as memdisk. What has
// a loader of its own has its own file by that name.
func replaces(b boot.Bringer, n Name, name string) bool {
	switch b.(type) {
	case boot.Folder, boot.NBP:
		f, _ := n.Route.File(name)
		return f.Role == route.Extra || f.Role == route.Kernel
	}
	return false
}

// describe says what such a file is in its boot.
func (f broughtFile) describe(c boot.Client) Entry {
	return Entry{Client: c, Role: f.role, Name: f.name, Last: f.role == route.Kernel, Optional: route.LoadersDoWithout(f.name)}
}

// openBrought opens one. EFI applications among them are signed as all are.
func (t *Tree) openBrought(ctx context.Context, f broughtFile) (fs.File, error) {
	if f.disk {
		return t.openDisk(ctx, f.file)
	}
	file, err := t.Sources.Open(ctx, f.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(f.name, errors.New("the payload has no such file"))
	case err != nil:
		return nil, err
	}
	return t.Signing.sign(ctx, file, f.file.Key())
}
