package iso

import (
	"encoding/binary"
	"io/fs"
)

// list implements filesystem.
func (v *udf) list(m medium, dir *node) ([]*node, error) {
	b, err := m.readAll(dir.extents, mostDirectory)
	if err != nil {
		return nil, err
	}
	var found []*node
	for len(b) > 0 {
		id, rest, err := nextIdentifier(b)
		if err != nil {
			return nil, err
		}
		if b = rest; !id.shown() {
			continue
		}
		if len(found) == mostEntries {
			return nil, damaged("a directory has more than %d entries", mostEntries)
		}
		if n := v.entry(m, id); n != nil {
			found = append(found, n)
		}
	}
	return listing(found), nil
}

// entry is the file that an identifier leads to; nil for one without a name. What can't
// be read is there as a file that can't.
func (v *udf) entry(m medium, id identifier) *node {
	n, err := v.readNode(m, id.entry)
	if err != nil {
		n = &node{flaw: err}
		if id.flags&isDirectory != 0 {
			n.mode = fs.ModeDir
		}
	}
	if !n.named(fromOSTA(id.name)) {
		return nil
	}
	return n
}

// identifier is an entry of a directory (ECMA-167 part 4, section 14.4).
type identifier struct {
	flags byte
	entry place
	name  []byte
}

// Characteristics of an identifier.
const (
	isDirectory = 0x02
	isDeleted   = 0x04
	isParent    = 0x08
	isMetadata  = 0x10
)

func (i identifier) shown() bool { return i.flags&(isDeleted|isParent|isMetadata) == 0 }

// nextIdentifier reads the first of a directory's identifiers.
func nextIdentifier(b []byte) (id identifier, rest []byte, err error) {
	const fixed = 38
	if len(b) < fixed {
		return id, nil, damaged("a directory ends within an entry")
	}
	length, use := int(b[19]), int(binary.LittleEndian.Uint16(b[36:]))
	end := (fixed + use + length + 3) &^ 3
	if end > len(b) {
		return id, nil, damaged("a directory ends within an entry")
	}
	if err := checkTag(b[:end], tagFileIdentifier); err != nil {
		return id, nil, err
	}
	return identifier{b[18], longAD(b[20:]), b[fixed+use : fixed+use+length]}, b[end:], nil
}
