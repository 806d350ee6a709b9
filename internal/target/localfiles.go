package target

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/tree"
)

// named are the targets that were named: of a menu those that don't lie in its folders.
func (l Inspected) named() []Inspected {
	if l.menu != nil {
		return l.menu.named()
	}
	return l.variants()
}

// ofTargets are the folders whose files may become targets.
func (l Inspected) ofTargets() []string {
	if l.menu != nil {
		return l.menu.folders()
	}
	return nil
}

// Local are the files of this host that machines may have. Close them. Those of a folder
// are none that the operator named, and links among them lead nowhere else.
func (l Inspected) Local() (local tree.Local, close func(), err error) {
	return localBelow(l.named(), l.ofTargets())
}

// Local are the files of this host that machines may have of several targets. Close them.
func Local(all []Inspected) (local tree.Local, close func(), err error) { return localBelow(all, nil) }

// localBelow are those of several, and all files below folders.
func localBelow(all []Inspected, dirs []string) (local tree.Local, close func(), err error) {
	named := tree.Named{}
	for _, one := range all {
		var below []string
		switch content := one.Payload.Content.(type) {
		case boot.Folder:
			below = []string{content.Dir}
		case boot.NetBoot:
			below = content.Folders()
		default:
			maps.Copy(named, tree.NamedFiles(one.Payload.Files()))
		}
		for _, dir := range below {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	if len(dirs) == 0 {
		return named, func() {}, nil
	}
	folders, err := tree.OpenFolders(dirs)
	if err != nil {
		return nil, nil, err
	}
	return tree.Locals{named, folders}, func() { _ = folders.Close() }, nil
}

// Folders are those in which files may be named by what is read only later.
func (l *Inspected) Folders() []string {
	all := l.ofTargets()
	for _, one := range l.every() {
		switch content := one.Payload.Content.(type) {
		case boot.Script:
			if !content.File.IsURL() {
				all = append(all, filepath.Dir(content.File.Source))
			}
		case boot.Folder:
			all = append(all, content.Dir)
		case boot.NetBoot:
			all = append(all, content.Folders()...)
		}
	}
	return all
}
