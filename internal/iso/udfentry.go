package iso

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"time"
)

// Types of files (ECMA-167 part 4, section 14.6.6).
const (
	udfDirectory = 4
	udfFile      = 5
	udfSymlink   = 12
	udfMetadata  = 250 // and its copy, 251 (UDF section 2.2.13)
)

// entryLayout says where in a file entry the fields are in which the two kinds differ
// (ECMA-167 part 4, sections 14.9 and 14.17).
type entryLayout struct{ modified, lengths int }

// readNode reads the file entry at a place.
func (v *udf) readNode(m medium, p place) (*node, error) {
	b, err := v.readBlock(m, p)
	if err != nil {
		return nil, err
	}
	layout := entryLayout{84, 168}
	err = checkTag(b, tagFileEntry)
	if err != nil {
		layout = entryLayout{92, 208}
		err = checkTag(b, tagExtendedEntry)
	}
	if err != nil {
		return nil, err
	}
	if strategy := binary.LittleEndian.Uint16(b[20:]); strategy != 4 {
		return nil, fmt.Errorf("it has files by strategy %d, as discs have that are written once: %w", strategy, fs.ErrInvalid)
	}
	at, err := v.locate(p.partition, int64(p.block), v.block)
	if err != nil {
		return nil, err
	}
	n := &node{id: at, mode: udfMode(b), modTime: udfTime(b[layout.modified:])}
	size := binary.LittleEndian.Uint64(b[56:])
	if size > math.MaxInt64 || int64(size) > m.size {
		n.flaw = damaged("a file is larger than the image")
		return n, nil
	}
	n.size = int64(size)
	if n.flaw = v.place(m, n, b, layout, p); n.flaw == nil {
		n.settle(m)
	}
	if n.flaw == nil && n.mode&fs.ModeSymlink != 0 {
		n.flaw = v.readTarget(m, n)
	}
	return n, nil
}

// place finds the bytes of a file.
func (v *udf) place(m medium, n *node, b []byte, layout entryLayout, p place) error {
	extended, length := int64(binary.LittleEndian.Uint32(b[layout.lengths:])), int64(binary.LittleEndian.Uint32(b[layout.lengths+4:]))
	from := int64(layout.lengths) + 8 + extended
	if from+length > v.block {
		return damaged("a file's description is longer than a block")
	}
	form := binary.LittleEndian.Uint16(b[34:]) & 7
	if form == embedded {
		if n.size > length {
			return damaged("a file has %d bytes and should have %d", length, n.size)
		}
		if n.size > 0 {
			n.extents = []extent{{n.id + from, n.size}}
		}
		return nil
	}
	a := allocation{udf: v, form: form, partition: p.partition, left: n.size}
	if err := a.read(m, b[from:from+length]); err != nil {
		return err
	}
	if a.left > 0 {
		return damaged("a file has %d bytes less than it should", a.left)
	}
	n.extents = a.extents
	return nil
}

// Forms of allocation descriptors (ECMA-167 part 4, section 14.6.8).
const (
	shortForm    = 0
	longForm     = 1
	extendedForm = 2
	embedded     = 3
)

// Types of extents (ECMA-167 part 4, section 14.14.1.1): not recorded ones are zeros, the
// last one has more descriptors.
const (
	recorded = iota
	allocated
	unallocated
	continued
)

// mostContinued bounds the extents with more descriptors.
const mostContinued = 1024

// allocation collects the extents of a file.
type allocation struct {
	*udf
	form      uint16
	partition uint16 // of the file's entry, where the form names none
	left      int64  // bytes of the file that were not found yet
	extents   []extent
}

// read reads descriptors, those that are continued elsewhere too.
func (a *allocation) read(m medium, b []byte) error {
	for range mostContinued {
		next, err := a.take(b)
		if err != nil || next == (place{}) {
			return err
		}
		block, err := a.readBlock(m, next)
		if err != nil {
			return err
		}
		if err := checkTag(block, tagAllocation); err != nil {
			return err
		}
		length := int64(binary.LittleEndian.Uint32(block[20:]))
		if length > a.block-24 {
			return damaged("allocation descriptors are longer than a block")
		}
		b = block[24 : 24+length]
	}
	return damaged("a file's allocation descriptors have no end")
}

// take reads the descriptors of one run.
func (a *allocation) take(b []byte) (next place, err error) {
	size := map[uint16]int{shortForm: 8, longForm: 16, extendedForm: 20}[a.form]
	if size == 0 {
		return next, damaged("allocation descriptors of the form %d", a.form)
	}
	for ; len(b) >= size && a.left > 0; b = b[size:] {
		p := a.descriptor(b)
		kind, length := p.size>>30, int64(p.size&(1<<30-1))
		if length == 0 {
			return next, nil
		}
		if kind == continued {
			p.size = uint32(length)
			return p, nil
		}
		if err := a.add(p, kind, min(length, a.left)); err != nil {
			return next, err
		}
	}
	return next, nil
}

// descriptor reads one.
func (a *allocation) descriptor(b []byte) place {
	switch a.form {
	case shortForm:
		return place{a.partition, binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b)}
	case extendedForm:
		return place{binary.LittleEndian.Uint16(b[16:]), binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b)}
	}
	return longAD(b)
}

// add takes an extent in.
func (a *allocation) add(p place, kind uint32, size int64) error {
	parts := []extent{{hole, size}}
	if kind == recorded {
		var err error
		if parts, err = a.spread(p, size); err != nil {
			return err
		}
	}
	a.left -= size
	for _, e := range parts {
		if a.extents = extend(a.extents, e); len(a.extents) > mostExtents {
			return damaged("a file has more than %d parts", mostExtents)
		}
	}
	return nil
}

// udfMode reads the type and the permissions of a file (ECMA-167 part 4, section 14.9.5).
func udfMode(b []byte) fs.FileMode {
	bits := binary.LittleEndian.Uint32(b[44:])
	mode := fs.FileMode(0)
	for shift := range 3 { // others, group, owner; in each execute, write, read
		mode |= fs.FileMode(bits>>(5*shift)&7) << (3 * shift)
	}
	switch kind := b[27]; kind {
	case udfDirectory:
		return mode | fs.ModeDir
	case udfSymlink:
		return mode | fs.ModeSymlink
	case 0, udfFile, udfMetadata, udfMetadata + 1:
		return mode
	}
	return mode | fs.ModeIrregular
}

// readTarget reads the components of a symbolic link (ECMA-167 part 4, section 14.16).
func (v *udf) readTarget(m medium, n *node) error {
	b, err := m.readAll(n.extents, 4*mostTarget)
	if err != nil {
		return err
	}
	var all []string
	for len(b) >= 4 {
		length := int(b[1])
		if 4+length > len(b) {
			return damaged("a symbolic link ends within a name")
		}
		switch b[0] {
		case 1, 2:
			all = []string{""}
		case 3:
			all = append(all, "..")
		case 4:
			all = append(all, ".")
		case 5:
			all = append(all, fromOSTA(b[4:4+length]))
		}
		b = b[4+length:]
	}
	if n.target = strings.Join(all, "/"); n.target == "" {
		n.target = "/"
	}
	n.size, n.extents = int64(len(n.target)), nil
	return nil
}

// udfTime reads a timestamp (ECMA-167 part 1, section 7.3).
func udfTime(b []byte) time.Time {
	if b[4] == 0 || b[5] == 0 {
		return time.Time{}
	}
	zone := int16(binary.LittleEndian.Uint16(b)<<4) >> 4
	if zone < -1440 || zone > 1440 {
		zone = 0 // not specified
	}
	year := int(int16(binary.LittleEndian.Uint16(b[2:])))
	return time.Date(year, time.Month(b[4]), int(b[5]), int(b[6]), int(b[7]), int(b[8]), 0, time.FixedZone("", int(zone)*60)).UTC()
}
