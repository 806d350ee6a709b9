package nfs

import "io/fs"

// Types of files, by ftype3 (RFC 1813 section 2.5).
const (
	typeRegular = 1 + iota
	typeFolder
	typeBlock
	typeCharacter
	typeLink
	typeSocket
	typePipe
)

func typeOf(m fs.FileMode) uint32 {
	switch {
	case m.IsDir():
		return typeFolder
	case m&fs.ModeSymlink != 0:
		return typeLink
	case m&fs.ModeCharDevice != 0:
		return typeCharacter
	case m&fs.ModeDevice != 0:
		return typeBlock
	case m&fs.ModeNamedPipe != 0:
		return typePipe
	case m&fs.ModeSocket != 0:
		return typeSocket
	}
	return typeRegular
}

// attributes writes a fattr3 (RFC 1813 section 2.5). Everything belongs to root: what is
// served is a medium, whose permissions say what they say on it.
func (e *encoder) attributes(p place) {
	e.uint32(typeOf(p.mode))
	e.uint32(uint32(p.mode.Perm()))
	links := uint32(1)
	if p.mode.IsDir() {
		links = 2
	}
	e.uint32(links)
	e.zeros(2) // owner and group
	e.uint64(p.size)
	e.uint64(p.size) // what it takes
	e.zeros(2)       // a device's numbers
	e.uint64(fileSystem(p.export))
	e.uint64(p.id)
	for range 3 { // read, written, changed
		e.uint32(p.seconds)
		e.uint32(p.nanos)
	}
}

// fileSystem is by which clients tell an export from others.
func fileSystem(x *Export) uint64 {
	d := decoder{b: x.ID[:8]}
	return d.uint64()
}

// attributesOf writes a post_op_attr: the attributes of a file, if it is there.
func (e *encoder) attributesOf(p place) {
	e.bool(p.node != nil)
	if p.node != nil {
		e.attributes(p)
	}
}
