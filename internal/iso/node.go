package iso

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// node is a file or a directory as a file system describes it. It is never changed
// once it is in a listing.
type node struct {
	name    string
	mode    fs.FileMode
	modTime time.Time
	size    int64
	extents []extent
	id      int64  // of a directory: where it is described
	target  string // of a symbolic link
	flaw    error  // why its content can't be read
}

func (n *node) isDir() bool { return n.mode.IsDir() }

// Bounds of what one image is believed.
const (
	mostDirectory = 16 << 20 // bytes of a directory
	mostEntries   = 64 << 10 // entries of a directory
	mostExtents   = 16 << 10 // extents of a file
	mostName      = 255      // bytes of a name
	mostTarget    = 4096     // bytes of a symbolic link
	mostDepth     = 128      // directories in each other
	mostLinks     = 40       // symbolic links in a path
)

// settle looks whether the extents of a file are within the image, and apart. What is
// wrong with them is told to who opens the file: others can be read all the same.
func (n *node) settle(m medium) {
	if n.flaw != nil || n.mode&fs.ModeType&^fs.ModeDir != 0 {
		return
	}
	for _, e := range n.extents {
		if e.at == hole {
			continue
		}
		if n.flaw = m.within(e.at, e.size); n.flaw != nil {
			return
		}
	}
	if overlap(n.extents) {
		n.flaw = damaged("parts of one file overlap")
	}
}

// extend adds an extent to those of a file. One that goes on where the last one ends
// becomes one with it: none is recorded that has more than 4 GiB, or 1 GiB of UDF.
func extend(all []extent, e extent) []extent {
	if len(all) > 0 {
		last := &all[len(all)-1]
		if last.at == hole && e.at == hole || last.at != hole && e.at == last.at+last.size {
			last.size += e.size
			return all
		}
	}
	return append(all, e)
}

// overlap tells whether some of the extents of a file do.
func overlap(extents []extent) bool {
	if len(extents) < 2 {
		return false
	}
	sorted := slices.SortedFunc(slices.Values(extents), func(a, b extent) int { return cmp.Compare(a.at, b.at) })
	for i, e := range sorted[1:] {
		before := sorted[i]
		if before.at != hole && before.at+before.size > e.at {
			return true
		}
	}
	return false
}

// named gives a node a name that can be one; ok is false where it can't.
func (n *node) named(name string) (ok bool) {
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	n.name = name
	return name != "" && name != "." && name != ".." && len(name) <= 3*mostName && !strings.ContainsAny(name, "/\x00")
}

// listing makes a directory of what was found in it: in the order of names, the
// first of several with the same.
func listing(found []*node) []*node {
	slices.SortStableFunc(found, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(found, func(a, b *node) bool { return a.name == b.name })
}
