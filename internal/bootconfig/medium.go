package bootconfig

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// What is read of a medium's configurations.
const (
	fileMost    = 256 << 10 // bytes of one file
	bytesMost   = 4 << 20   // bytes of all, each time that one is read
	filesMost   = 256       // files, likewise
	namesMost   = 4096      // names of a folder that are known regardless of case
	foldersMost = 64        // folders of which they are
)

// Medium finds the files of a medium, and reads small texts of it, within bounds.
type Medium struct {
	files   fs.FS
	read    int
	bytes   int
	folders map[string]map[string]string // of folders: how names in lower case are written
}

// NewMedium is for one look at a medium.
func NewMedium(files fs.FS) *Medium {
	return &Medium{files: files, folders: map[string]map[string]string{}}
}

// Find is the path under which a file or folder is there. Loaders read ISO 9660 and FAT
// regardless of case, so that what is written otherwise is the same file.
func (f *Medium) Find(name string) (string, bool) {
	name = clean(name)
	if name == "." || !fs.ValidPath(name) {
		return name, false
	}
	if _, err := fs.Stat(f.files, name); err == nil {
		return name, true
	}
	found := "."
	for part := range strings.SplitSeq(name, "/") {
		next, ok := f.inFolder(found, part)
		if !ok {
			return name, false
		}
		found = path.Join(found, next)
	}
	return found, true
}

// Glob are the files that match a pattern (path.Match), regardless of case and in the order
// of their names.
func (f *Medium) Glob(pattern string) []string {
	found := []string{"."}
	for part := range strings.SplitSeq(strings.ToLower(pattern), "/") {
		var next []string
		for _, dir := range found {
			names := f.namesIn(dir)
			for _, lower := range slices.Sorted(maps.Keys(names)) {
				if ok, err := path.Match(part, lower); ok && err == nil && len(next) < foldersMost {
					next = append(next, path.Join(dir, names[lower]))
				}
			}
		}
		found = next
	}
	return found
}

// inFolder finds a name in a folder, regardless of case.
func (f *Medium) inFolder(dir, name string) (string, bool) {
	found, ok := f.namesIn(dir)[strings.ToLower(name)]
	return found, ok
}

// namesIn are the names in a folder, by how they are in lower case. Folders behind the
// bound are not looked through.
func (f *Medium) namesIn(dir string) map[string]string {
	names, looked := f.folders[dir]
	if !looked && len(f.folders) < foldersMost {
		names = f.listed(dir)
		f.folders[dir] = names
	}
	return names
}

// listed lists a folder.
func (f *Medium) listed(dir string) map[string]string {
	names := map[string]string{}
	entries, err := fs.ReadDir(f.files, dir)
	if err != nil {
		return names
	}
	for _, e := range entries[:min(len(entries), namesMost)] {
		if lower := strings.ToLower(e.Name()); names[lower] == "" {
			names[lower] = e.Name()
		}
	}
	return names
}

// path is the path of a file as it is there or, where it isn't, as it was named.
func (f *Medium) path(name string) string {
	found, _ := f.Find(name)
	return found
}

// clean makes a name a path below the medium's root. GRUB has the device before it, in
// parentheses.
func clean(name string) string {
	if strings.HasPrefix(name, "(") {
		if _, rest, ok := strings.Cut(name, ")"); ok {
			name = rest
		}
	}
	name = strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
	if name == "" {
		return "."
	}
	return name
}

// Text reads a file; cut tells that it has more bytes than are read.
func (f *Medium) Text(name string) (text string, cut, ok bool) {
	if f.read++; f.read > filesMost || f.bytes > bytesMost {
		return "", false, false
	}
	file, err := f.files.Open(name)
	if err != nil {
		return "", false, false
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", false, false
	}
	b, err := io.ReadAll(io.LimitReader(file, fileMost+1))
	if err != nil {
		return "", false, false
	}
	f.bytes += len(b)
	if cut = len(b) > fileMost; cut {
		b = b[:fileMost]
	}
	return string(b), cut, true
}
