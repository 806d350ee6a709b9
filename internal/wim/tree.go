package wim

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Tree are the folders of an image.
type Tree struct{ b []byte }

// entrySize is how many bytes the table of resources has for each.
const entrySize = 50

// Tree reads the folders of an image.
func (w *WIM) Tree(index int) (Tree, error) {
	r := w.header.bootTree
	if index != w.Boot || r.size == 0 {
		var err error
		if r, err = w.tree(index); err != nil {
			return Tree{}, err
		}
	}
	b, err := w.read(r, treeMost)
	return Tree{b}, err
}

// tree finds the folders of an image in the table of resources, in which images are in
// their order.
func (w *WIM) tree(index int) (resource, error) {
	t := w.header.table
	if t.flags&compressed != 0 || t.at < headerSize || t.size < 0 || t.size > tableMost || t.at > w.size-t.size {
		return resource{}, errors.New("it is damaged or cut off: its table of what is in it isn't there")
	}
	in := bufio.NewReader(io.NewSectionReader(w.r, t.at, t.size))
	var b [entrySize]byte
	for seen := 0; ; {
		if _, err := io.ReadFull(in, b[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return resource{}, fmt.Errorf("it has no image %d", index)
		} else if err != nil {
			return resource{}, err
		}
		if r := resourceAt(b[:]); r.flags&metadata != 0 {
			if seen++; seen == index {
				return r, nil
			}
		}
	}
}

// The places of what is in a folder's entry, which has nameAt bytes before its name.
const (
	folderAt   = 16
	streamsAt  = 96
	nameSizeAt = 100
	nameAt     = 102
)

// Has tells whether there is a file or a folder of that path, with slashes; case doesn't
// matter.
func (t Tree) Has(path string) bool {
	// What says who may do what is before the folders.
	at := aligned(max(8, uint64(t.u32(0))))
	for name := range strings.SplitSeq(path, "/") {
		folder := t.u64(at + folderAt) // of the entry that was found last
		var ok bool
		if at, ok = t.find(folder, name); folder == 0 || !ok {
			return false
		}
	}
	return true
}

// find finds an entry of a folder by its name.
func (t Tree) find(folder uint64, name string) (at uint64, ok bool) {
	for at = folder; ; {
		size := t.u64(at)
		if at >= uint64(len(t.b)) || size < nameAt || size > uint64(len(t.b)) {
			return 0, false
		}
		if strings.EqualFold(t.name(at), name) {
			return at, true
		}
		streams := t.u16(at + streamsAt)
		at += aligned(size)
		for range streams { // other contents of the file, each with its own entry
			size := t.u64(at)
			if at >= uint64(len(t.b)) || size == 0 || size > uint64(len(t.b)) {
				return 0, false
			}
			at += aligned(size)
		}
	}
}

func (t Tree) name(at uint64) string {
	from, to := at+nameAt, at+nameAt+uint64(t.u16(at+nameSizeAt))
	if to > uint64(len(t.b)) {
		return ""
	}
	return fromUTF16(t.b[from:to])
}

func aligned(n uint64) uint64 { return (n + 7) &^ 7 }

// u16, u32 and u64 read numbers; what is outside is 0.
func (t Tree) u16(at uint64) uint16 {
	if at > uint64(len(t.b)) || uint64(len(t.b))-at < 2 {
		return 0
	}
	return binary.LittleEndian.Uint16(t.b[at:])
}

func (t Tree) u32(at uint64) uint32 {
	return uint32(t.u16(at)) | uint32(t.u16(at+2))<<16
}

func (t Tree) u64(at uint64) uint64 {
	return uint64(t.u32(at)) | uint64(t.u32(at+4))<<32
}
