package nfs

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Bounds of what is served.
const (
	// MostFiles is how many files, folders and links one export may have. Each takes about
	// 200 bytes of memory once its folder was looked into.
	MostFiles = 256 << 10
	mostName  = 255 // bytes of a name; clients take no longer ones
)

// Files are those of a file system, none of which changes. Folders are listed when a client
// first looks into them, and their lists are kept; files are opened for each read.
type Files struct {
	fsys fs.ReadLinkFS
	root *node

	mu    sync.Mutex
	nodes map[uint64]*node

	walking sync.Mutex // is held by who looks into all folders
}

// NewFiles returns the files of a file system. Its files have to be io.ReaderAt.
func NewFiles(fsys fs.ReadLinkFS) (*Files, error) {
	info, err := fsys.Lstat(".")
	if err != nil {
		return nil, err
	}
	root := newNode(nil, info)
	root.name = "."
	return &Files{fsys: fsys, root: root, nodes: map[uint64]*node{root.id: root}}, nil
}

// node is a file, a folder or a link. Only the list of a folder's children changes, once.
type node struct {
	id      uint64
	name    string
	parent  *node // nil of the root
	mode    fs.FileMode
	size    uint64
	seconds uint32 // of its last change
	nanos   uint32

	mu       sync.Mutex
	listed   bool
	children []*node // in the order of names
}

func newNode(parent *node, info fs.FileInfo) *node {
	n := &node{name: info.Name(), parent: parent, mode: info.Mode(), size: uint64(max(info.Size(), 0))}
	if t := info.ModTime(); t.Unix() > 0 && t.Unix() < 1<<32 {
		n.seconds, n.nanos = uint32(t.Unix()), uint32(t.Nanosecond())
	}
	n.id = idOf(n.path())
	return n
}

// idOf makes a number of a path that no other path has, and that is no zero, which clients
// take for none.
func idOf(path string) uint64 {
	sum := sha256.Sum256([]byte(path))
	return binary.BigEndian.Uint64(sum[:]) | 1
}

// path is the name of a file for io/fs.
func (n *node) path() string {
	if n.parent == nil {
		return "."
	}
	return path.Join(n.parent.path(), n.name)
}

// above is the folder that a folder is in. Above the root is the root.
func (n *node) above() *node {
	if n.parent == nil {
		return n
	}
	return n.parent
}

// list is what is in a folder.
func (f *Files) list(dir *node) ([]*node, error) {
	if !dir.mode.IsDir() {
		return nil, statusNotFolder
	}
	dir.mu.Lock()
	defer dir.mu.Unlock()
	if dir.listed {
		return dir.children, nil
	}
	children, err := f.read(dir)
	if err == nil {
		err = f.keep(children)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir.path(), err)
	}
	dir.children, dir.listed = children, true
	return children, nil
}

// read reads a folder. What has a name that clients don't take isn't there for them.
func (f *Files) read(dir *node) ([]*node, error) {
	entries, err := fs.ReadDir(f.fsys, dir.path())
	if err != nil {
		return nil, err
	}
	children := make([]*node, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || len(e.Name()) > mostName {
			continue
		}
		children = append(children, newNode(dir, info))
	}
	return children, nil
}

// keep keeps what was found, to be found by its ID.
func (f *Files) keep(found []*node) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.nodes)+len(found) > MostFiles {
		return fmt.Errorf("more than %d files, which are too many to be served by NFS", MostFiles)
	}
	for _, n := range found {
		f.nodes[n.id] = n
	}
	return nil
}

func (f *Files) known(id uint64) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.nodes[id]
}

// find finds a file by its ID. Only a handle from before a restart has one that isn't known:
// then all folders are looked into.
func (f *Files) find(id uint64) (*node, error) {
	if n := f.known(id); n != nil {
		return n, nil
	}
	f.walking.Lock()
	defer f.walking.Unlock()
	err := f.walk()
	n := f.known(id)
	switch {
	case n != nil:
		return n, nil
	case err != nil:
		return nil, err
	}
	return nil, statusStale
}

// walk looks into all folders. It goes on where one can't be read.
func (f *Files) walk() error {
	var first error
	for todo := []*node{f.root}; len(todo) > 0; {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		children, err := f.list(dir)
		if err != nil && first == nil {
			first = err
		}
		for _, n := range children {
			if n.mode.IsDir() {
				todo = append(todo, n)
			}
		}
	}
	return first
}

// lookup finds a name in a folder.
func (f *Files) lookup(dir *node, name string) (*node, error) {
	children, err := f.list(dir)
	switch {
	case err != nil:
		return nil, err
	case name == ".":
		return dir, nil
	case name == "..":
		return dir.above(), nil
	case len(name) > mostName:
		return nil, statusNameTooLong
	}
	if i, ok := slices.BinarySearchFunc(children, name, byName); ok {
		return children[i], nil
	}
	return nil, statusNotFound
}

// readAt reads of a file into p. A file that has become shorter is an error.
func (f *Files) readAt(n *node, p []byte, off int64) error {
	file, err := f.fsys.Open(n.path())
	if err != nil {
		return err
	}
	defer file.Close()
	r, ok := file.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("%s can't be read at random", n.path())
	}
	got, err := r.ReadAt(p, off)
	if got == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = fmt.Errorf("%s became shorter: %w", n.path(), io.ErrUnexpectedEOF)
	}
	return err
}

// readLink is the target of a link.
func (f *Files) readLink(n *node) (string, error) {
	if n.mode&fs.ModeSymlink == 0 {
		return "", statusInvalid
	}
	return f.fsys.ReadLink(n.path())
}

func byName(n *node, name string) int { return strings.Compare(n.name, name) }
