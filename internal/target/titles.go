package target

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// titleOf is what a target is called in a menu where nobody gave it a title: what it says
// of itself or, where that is nothing, the name of its file.
func (l Inspected) titleOf() string {
	switch {
	case l.calls != "":
		return l.calls
	case l.Payload.Kind() == boot.KindLocal:
		return "Local disk"
	}
	return withoutEnding(l.Payload.Title())
}

// kernelCalls is what a kernel says of itself where its file has a name that many kernels
// have; empty where the file's name says more.
func kernelCalls(file, version string) string {
	usual := regexp.MustCompile(`^(?i:vmlinu[xz]|[bz]?z?image|linux|kernel|krnl)(\.gz|\.efi)?$`)
	if version == "" || !usual.MatchString(file) {
		return ""
	}
	return fmt.Sprintf("Linux %s (%s)", version, file)
}

// withoutEnding is a file's name for people.
func withoutEnding(name string) string {
	for _, ending := range []string{".gz", ".bz2", ".xz", ".zst", ".iso", ".img", ".efi", ".raw", ".qcow2", ".vhd", ".vhdx", ".vmdk", ".ipxe", ".wim", ".bin"} {
		if short, ok := strings.CutSuffix(name, ending); ok && short != "" {
			name = short
		}
	}
	return name
}

// tellApart puts the names of files behind titles that several entries of a group have, and
// those of their folders where the files are called alike too. Titles that people gave are
// left as they are.
func tellApart(all []entry) {
	retitle(all, func(e entry) string {
		if e.title == withoutEnding(e.file) {
			return e.file
		}
		return fmt.Sprintf("%s (%s)", e.title, e.file)
	})
	retitle(all, func(e entry) string { return fmt.Sprintf("%s in %s", e.title, path.Base(e.folder())) })
	retitle(all, func(e entry) string { return fmt.Sprintf("%s (%s)", e.title, e.folder()) })
}

// retitle gives the entries that are called alike other titles.
func retitle(all []entry, title func(entry) string) {
	alike := map[string]int{}
	for _, e := range all {
		alike[e.name()]++
	}
	for i, e := range all {
		if alike[e.name()] > 1 && e.file != "" {
			all[i].title = title(e)
		}
	}
}

// folder is where an entry's first file lies.
func (e entry) folder() string {
	files := e.Payload.Files()
	if len(files) == 0 {
		return e.Payload.Title()
	}
	return path.Dir(files[0].Source)
}

// name is an entry's title with the groups that it is in.
func (e entry) name() string { return path.Join(e.group, e.title) }

// names are all by which an entry is known: its title, what it says of itself, and its file
// with and without its ending. Another file in the folder may add something to its title,
// which takes none of the others from it.
func (e entry) names() []string {
	all := []string{e.name()}
	for _, other := range []string{e.calls, e.file, withoutEnding(e.file)} {
		if other != "" {
			all = append(all, path.Join(e.group, other))
		}
	}
	return all
}
