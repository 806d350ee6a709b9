package iso

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Image is the image of an optical disc. It is safe for many goroutines where its
// reader is.
type Image struct {
	// Label is what the disc is called.
	Label string
	// Format says in words which of its file systems is read.
	Format string
	// Hybrid is what it has to be started from a disk.
	Hybrid Hybrid

	medium
	boot    []BootImage
	bootEnd int64 // where the last of them ends by what is in it
	says    int64 // how many bytes the image has by what is in it
	tree    filesystem
	dirs    *directories
}

// filesystem is one of those that an image may have several of, with the same files.
type filesystem interface {
	root() *node
	// list reads a directory: in the order of names, of which none is there twice.
	list(m medium, dir *node) ([]*node, error)
	// exact tells whether names differ by the case of their letters.
	exact() bool
	format() string
}

// ErrNotDisc is what Open's error wraps of what is no optical disc's image.
var ErrNotDisc = errors.New("no image of an optical disc (neither ISO 9660 nor UDF)")

// Open opens an image of a size. r is read from for as long as the image is used.
func Open(r io.ReaderAt, size int64) (*Image, error) {
	m := medium{r, size}
	found, err := readDescriptors(m)
	if err != nil {
		return nil, err
	}
	i := &Image{medium: m, dirs: newDirectories()}
	if err := i.choose(found); err != nil {
		return nil, err
	}
	i.says = saidBy(found.primary, i.tree)
	if i.Hybrid, err = readHybrid(m); err == nil {
		i.boot, i.bootEnd, err = bootImages(m, found.boot)
	}
	return i, err
}

// choose takes the file system that says most: Rock Ridge has the files of a Unix
// system as they are, UDF and Joliet have long names, ISO 9660 alone has short ones. UDF
// goes before the others, since Windows' media have nothing but an excuse there.
func (i *Image) choose(d descriptors) error {
	plain, err := openOptional(i.medium, d.primary)
	if plain != nil && plain.rockRidge {
		i.take(plain, plain.label)
		return nil
	}
	if d.primary == nil || d.udf {
		var disc *udf
		if disc, err = openUDF(i.medium); err == nil {
			i.take(disc, disc.label)
			return nil
		}
	}
	if joliet, _ := openOptional(i.medium, d.joliet); joliet != nil { // whose trouble is no harm
		plain = joliet
	}
	if plain == nil {
		return err
	}
	i.take(plain, plain.label)
	return nil
}

// openOptional is openISO9660 where there is a descriptor.
func openOptional(m medium, descriptor []byte) (*iso9660, error) {
	if descriptor == nil {
		return nil, ErrNotDisc
	}
	return openISO9660(m, descriptor)
}

func (i *Image) take(tree filesystem, label string) {
	i.tree, i.Format, i.Label = tree, tree.format(), label
}

// Through is the same image, of which everything that is known stays known, read
// through another reader of the same bytes.
func (i *Image) Through(r io.ReaderAt) *Image {
	other := *i
	other.r = r
	return &other
}

// entries lists a directory that was found in another one.
func (i *Image) entries(dir *node, parent int64) ([]*node, error) {
	at := home{parent, dir.name}
	if kept, ok := i.dirs.find(dir.id); ok {
		return kept, i.claim(dir, at, kept)
	}
	if dir.flaw != nil {
		return nil, dir.flaw
	}
	entries, err := i.tree.list(i.medium, dir)
	if err != nil {
		return nil, err
	}
	i.dirs.keep(dir.id, entries)
	return entries, i.claim(dir, at, entries)
}

func (i *Image) claim(dir *node, at home, entries []*node) error {
	if len(entries) == 0 {
		return nil
	}
	return i.dirs.claim(dir.id, at)
}

// noParent is where the root is.
const noParent = -1

// walk finds a file, following the symbolic links on its way, which lead nowhere
// outside of the image. The link that the last element may be is followed if follow.
// parent is the directory that it is in.
func (i *Image) walk(name string, follow bool) (n *node, parent int64, err error) {
	at := []*node{i.tree.root()}
	todo, links := strings.Split(name, "/"), 0
	for len(todo) > 0 {
		element := todo[0]
		todo = todo[1:]
		switch element {
		case "", ".":
			continue
		case "..":
			at = at[:max(1, len(at)-1)]
			continue
		}
		next, err := i.step(at, element)
		if err != nil {
			return nil, 0, err
		}
		if next.mode&fs.ModeSymlink == 0 || len(todo) == 0 && !follow {
			at = append(at, next)
			continue
		}
		if links++; links > mostLinks {
			return nil, 0, fmt.Errorf("more than %d symbolic links: %w", mostLinks, fs.ErrInvalid)
		}
		if strings.HasPrefix(next.target, "/") {
			at = at[:1]
		}
		todo = append(strings.Split(next.target, "/"), todo...)
	}
	return at[len(at)-1], parentOf(at), nil
}

// parentOf is the directory that the last of a path is in.
func parentOf(at []*node) int64 {
	if len(at) < 2 {
		return noParent
	}
	return at[len(at)-2].id
}

// step finds an element in the last directory of a path.
func (i *Image) step(at []*node, element string) (*node, error) {
	dir := at[len(at)-1]
	if !dir.isDir() {
		return nil, fs.ErrNotExist
	}
	if len(at) > mostDepth {
		return nil, damaged("it has more than %d directories in each other", mostDepth)
	}
	entries, err := i.entries(dir, parentOf(at))
	if err != nil {
		return nil, err
	}
	if n := search(entries, element, i.tree.exact()); n != nil {
		return n, nil
	}
	return nil, fs.ErrNotExist
}

// find is walk for the methods of io/fs.
func (i *Image) find(op, name string, follow bool) (*node, int64, error) {
	if !fs.ValidPath(name) {
		return nil, 0, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n, parent, err := i.walk(name, follow)
	if err != nil {
		return nil, 0, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return n, parent, nil
}

// Open implements fs.FS. What it opens is a *File.
func (i *Image) Open(name string) (fs.File, error) {
	n, parent, err := i.find("open", name, true)
	if err != nil {
		return nil, err
	}
	why := n.flaw
	if why == nil && !n.isDir() && !n.mode.IsRegular() {
		why = fmt.Errorf("%w (not a regular file)", fs.ErrInvalid)
	}
	if why != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: why}
	}
	return &File{image: i, node: n, name: path.Base(name), parent: parent}, nil
}

// Stat implements fs.StatFS.
func (i *Image) Stat(name string) (fs.FileInfo, error) {
	n, _, err := i.find("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info{n, path.Base(name)}, nil
}

// Lstat implements fs.ReadLinkFS.
func (i *Image) Lstat(name string) (fs.FileInfo, error) {
	n, _, err := i.find("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return info{n, path.Base(name)}, nil
}

// ReadLink implements fs.ReadLinkFS.
func (i *Image) ReadLink(name string) (string, error) {
	n, _, err := i.find("readlink", name, false)
	if err == nil && n.mode&fs.ModeSymlink == 0 {
		err = &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return "", err
	}
	return n.target, nil
}

// ReadDir implements fs.ReadDirFS.
func (i *Image) ReadDir(name string) ([]fs.DirEntry, error) {
	n, parent, err := i.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	all, err := i.readDir(n, parent)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return all, nil
}

func (i *Image) readDir(dir *node, parent int64) ([]fs.DirEntry, error) {
	if !dir.isDir() {
		return nil, fmt.Errorf("%w (not a directory)", fs.ErrInvalid)
	}
	entries, err := i.entries(dir, parent)
	if err != nil {
		return nil, err
	}
	all := make([]fs.DirEntry, len(entries))
	for j, n := range entries {
		all[j] = fs.FileInfoToDirEntry(info{n, n.name})
	}
	return all, nil
}
