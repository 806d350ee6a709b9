package bootconfig

import (
	"io"
	"io/fs"
	"path"
	"strings"
)

// What is read of a medium's configurations.
const (
	fileMost  = 256 << 10 // bytes of one file
	filesMost = 256       // files of one medium, each time that one is read
	namesMost = 4096      // names of a folder that are compared regardless of case
)

// files reads the texts of a medium.
type files struct {
	medium fs.FS
	read   int
}

// find is the path under which a file or folder is there. Loaders read ISO 9660 and FAT
// regardless of case, so that what is written otherwise is the same file.
func (f *files) find(name string) (string, bool) {
	name = clean(name)
	if name == "." || !fs.ValidPath(name) {
		return name, false
	}
	if _, err := fs.Stat(f.medium, name); err == nil {
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

// inFolder finds a name in a folder, regardless of case.
func (f *files) inFolder(dir, name string) (string, bool) {
	entries, err := fs.ReadDir(f.medium, dir)
	if err != nil {
		return "", false
	}
	for _, e := range entries[:min(len(entries), namesMost)] {
		if strings.EqualFold(e.Name(), name) {
			return e.Name(), true
		}
	}
	return "", false
}

// path is the path of a file as it is there or, where it isn't, as it was named.
func (f *files) path(name string) string {
	found, _ := f.find(name)
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

// text reads a file; cut tells that it has more bytes than are read.
func (f *files) text(name string) (text string, cut, ok bool) {
	if f.read++; f.read > filesMost {
		return "", false, false
	}
	file, err := f.medium.Open(name)
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
	if cut = len(b) > fileMost; cut {
		b = b[:fileMost]
	}
	return string(b), cut, true
}
