package image

import (
	"encoding/binary"
	"errors"
)

// binaryPlistMagic begins a binary property list.
var binaryPlistMagic = []byte("bplist0")

// errTangled: containers of a binary property list are used more than once. Writers
// make no such lists (CFBinaryPList.c of Apple's CF), and one of some hundred bytes could
// be read for years.
var errTangled = errors.New("a container in it is used twice")

// tangled tells whether a binary property list has containers that are used more than
// once, or lie too deep in one another. What else may be wrong with it its reader says.
func tangled(text []byte) error {
	const trailer = 32
	if len(text) < len(binaryPlistMagic)+trailer {
		return nil
	}
	end := text[len(text)-trailer:]
	l := binaryPlist{text: text, offsetSize: int(end[6]), refSize: int(end[7])}
	objects, table := binary.BigEndian.Uint64(end[8:]), binary.BigEndian.Uint64(end[24:])
	if objects > uint64(len(text)) || table > uint64(len(text)) {
		return nil
	}
	within, total := make([]uint64, objects), 0 // the container of each, counted from 1; 0 for none
	for i := range objects {
		offset, ok := l.number(table+i*uint64(l.offsetSize), l.offsetSize)
		if !ok {
			return nil
		}
		for _, ref := range l.references(offset) {
			if total++; total > len(text) {
				return errTangled // containers lie in one another
			}
			at, ok := l.number(table+ref*uint64(l.offsetSize), l.offsetSize)
			if ref >= objects || !ok || !l.isContainer(at) {
				continue
			}
			if within[ref] != 0 {
				return errTangled
			}
			within[ref] = i + 1
		}
	}
	return nestedTooDeeply(within)
}

// nestedTooDeeply looks at the containers of all objects.
func nestedTooDeeply(within []uint64) error {
	for _, at := range within {
		for depth := 0; at != 0; depth++ {
			if depth > plistDeepest {
				return errNestedPlist
			}
			at = within[at-1]
		}
	}
	return nil
}

// binaryPlist is one that is looked at.
type binaryPlist struct {
	text                []byte
	offsetSize, refSize int
}

// number is one of some bytes at a place.
func (l binaryPlist) number(at uint64, size int) (n uint64, ok bool) {
	if size < 1 || size > 8 || at > uint64(len(l.text)-size) {
		return 0, false
	}
	for _, b := range l.text[at : at+uint64(size)] {
		n = n<<8 | uint64(b)
	}
	return n, true
}

// isContainer tells whether an array, a set or a dictionary is at a place.
func (l binaryPlist) isContainer(at uint64) bool {
	return at < uint64(len(l.text)) && l.text[at]>>4 >= 0xa && l.text[at]>>4 <= 0xd
}

// references are the numbers of the objects in the container at a place; none for what
// is no container, or is cut off.
func (l binaryPlist) references(at uint64) (refs []uint64) {
	if !l.isContainer(at) {
		return nil
	}
	count, next := uint64(l.text[at]&0xf), at+1
	if count == 0xf { // it stands behind, as a number of 2^n bytes
		size, ok := l.number(next, 1)
		if !ok || size>>4 != 1 || size&0xf > 3 {
			return nil
		}
		if count, ok = l.number(next+1, 1<<(size&0xf)); !ok {
			return nil
		}
		next += 1 + 1<<(size&0xf)
	}
	if l.text[at]>>4 == 0xd { // keys, then values
		count *= 2
	}
	for i := uint64(0); i < count && i <= uint64(len(l.text)); i++ {
		ref, ok := l.number(next+i*uint64(l.refSize), l.refSize)
		if !ok {
			return refs
		}
		refs = append(refs, ref)
	}
	return refs
}
