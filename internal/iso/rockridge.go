package iso

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Bounds of a record's continuation areas.
const (
	mostContinuations = 32
	mostSystemUse     = 64 << 10 // bytes
)

// findRockRidge looks for SUSP's mark in the root directory's record of itself (SUSP
// section 5.3), which only its users write.
func (v *iso9660) findRockRidge(m medium) error {
	if m.within(v.top.id, sectorSize) != nil || v.top.size < 34 {
		return nil //nolint:nilerr // whoever lists the root says so
	}
	b, err := m.read(v.top.id, sectorSize)
	if err != nil {
		return err
	}
	records := recordReader{b: b}
	self, err := records.next()
	if err != nil || self == nil {
		return nil //nolint:nilerr // likewise
	}
	use := ownSystemUse(self)
	for _, skip := range []int{0, 14} { // CD-ROM XA has 14 bytes of its own before
		if len(use) >= skip+7 && string(use[skip:skip+2]) == "SP" && use[skip+4] == 0xbe && use[skip+5] == 0xef {
			v.rockRidge, v.skip = true, int(use[skip+6])
			v.describeRoot(m, self)
		}
	}
	return nil
}

// ownSystemUse is what a record has behind its name.
func ownSystemUse(record []byte) []byte {
	at := 33 + int(record[32])
	at += at & 1
	return record[min(at, len(record)):]
}

// describeRoot takes what Rock Ridge says of the root directory, which only its record of
// itself has. What is wrong with that is no harm.
func (v *iso9660) describeRoot(m medium, self []byte) {
	use, err := v.systemUse(m, self)
	if err == nil && use.hasMode && use.mode.IsDir() {
		v.top.mode, v.top.modTime = use.mode, use.modTime
	}
}

// systemUse is what the entries of a record say that Rock Ridge knows (RRIP 1.12).
type systemUse struct {
	name      string // NM
	mode      fs.FileMode
	hasMode   bool
	modTime   time.Time // TF
	target    target    // SL
	isLink    bool
	child     int64 // CL: the block of the directory that was moved; 0: none
	relocated bool  // RE
	packed    bool  // ZF
	sparse    bool  // SF
}

// systemUse reads a record's entries, and those of its continuation areas.
func (v *iso9660) systemUse(m medium, record []byte) (systemUse, error) {
	var u systemUse
	b := ownSystemUse(record)
	b = b[min(v.skip, len(b)):]
	total := 0
	for range mostContinuations {
		next, err := u.read(b)
		if err != nil || next == (continuation{}) {
			return u, err
		}
		if total += int(next.size); total > mostSystemUse {
			break
		}
		if b, err = m.read(next.block*v.block+next.at, next.size); err != nil {
			return u, err
		}
	}
	return u, damaged("the description of a file has no end")
}

// continuation is where more entries are (SUSP section 5.1).
type continuation struct{ block, at, size int64 }

// read reads the entries of one area.
func (u *systemUse) read(b []byte) (next continuation, err error) {
	for len(b) >= 4 {
		length := int(b[2])
		if length < 4 || length > len(b) {
			return next, nil // padding
		}
		entry := b[4:length]
		switch string(b[:2]) {
		case "CE":
			if len(entry) >= 24 {
				next = continuation{both(entry), both(entry[8:]), both(entry[16:])}
				if next.size > mostSystemUse || next.at > mostSystemUse {
					return next, damaged("a continuation of %d bytes", next.size)
				}
			}
		case "ST":
			return next, nil
		default:
			err = u.take(string(b[:2]), entry)
		}
		if err != nil {
			return next, err
		}
		b = b[length:]
	}
	return next, nil
}

// both reads a number that is there in both orders of bytes.
func both(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }

// take reads one entry.
func (u *systemUse) take(kind string, b []byte) error {
	switch {
	case kind == "NM" && len(b) >= 1 && b[0]&6 == 0:
		if u.name += string(b[1:]); len(u.name) > mostName {
			return damaged("a name has more than %d bytes", mostName)
		}
	case kind == "PX" && len(b) >= 8:
		u.mode, u.hasMode = unixMode(uint32(both(b))), true
	case kind == "TF" && len(b) >= 1:
		u.modTime = modified(b)
	case kind == "SL" && len(b) >= 1:
		u.isLink = true
		return u.target.add(b[1:])
	case kind == "CL" && len(b) >= 8:
		u.child = both(b)
	case kind == "RE":
		u.relocated = true
	case kind == "ZF":
		u.packed = true
	case kind == "SF":
		u.sparse = true
	}
	return nil
}

// modified is the second of the times that TF lists, where both are there (RRIP
// section 4.1.6).
func modified(b []byte) time.Time {
	const creation, modification, long = 1, 2, 0x80
	if b[0]&modification == 0 || b[0]&long != 0 {
		return time.Time{}
	}
	at := 1
	if b[0]&creation != 0 {
		at += 7
	}
	if len(b) < at+7 {
		return time.Time{}
	}
	return recordTime(b[at:])
}

// unixMode makes a mode of POSIX one of Go's.
func unixMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	switch mode & 0o170000 {
	case 0o040000:
		m |= fs.ModeDir
	case 0o120000:
		m |= fs.ModeSymlink
	case 0o020000:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case 0o060000:
		m |= fs.ModeDevice
	case 0o010000:
		m |= fs.ModeNamedPipe
	case 0o140000:
		m |= fs.ModeSocket
	}
	return m
}

// target is what a symbolic link says, part by part.
type target struct {
	text string
	more bool // the last part goes on in the next one
}

// add reads the components of one SL entry (RRIP section 4.1.3.1).
func (t *target) add(b []byte) error {
	for len(b) >= 2 {
		flags, length := b[0], int(b[1])
		if length > len(b)-2 {
			return damaged("a symbolic link has a part of %d bytes that doesn't fit", length)
		}
		part := string(b[2 : 2+length])
		switch {
		case flags&2 != 0:
			part = "."
		case flags&4 != 0:
			part = ".."
		case flags&8 != 0:
			part = "/"
		}
		if t.text != "" && !t.more && !strings.HasSuffix(t.text, "/") {
			t.text += "/"
		}
		t.text += part
		t.more = flags&1 != 0
		if len(t.text) > mostTarget {
			return damaged("a symbolic link has more than %d bytes", mostTarget)
		}
		b = b[2+length:]
	}
	return nil
}

// apply gives a node what was read.
func (u systemUse) apply(m medium, v *iso9660, n *node) error {
	if u.hasMode {
		n.mode = u.mode&^fs.ModeDir | n.mode&fs.ModeDir
	}
	if !u.modTime.IsZero() {
		n.modTime = u.modTime
	}
	switch {
	case u.isLink:
		n.mode, n.target, n.size, n.extents = n.mode.Perm()|fs.ModeSymlink, u.target.text, int64(len(u.target.text)), nil
	case u.child > 0:
		return v.moved(m, n, u.child*v.block)
	case u.packed:
		n.flaw = fmt.Errorf("it is compressed by zisofs: %w", fs.ErrInvalid)
	case u.sparse:
		n.flaw = fmt.Errorf("it is a sparse file of Rock Ridge: %w", fs.ErrInvalid)
	}
	return nil
}

// moved makes of a node the directory that was moved elsewhere, which ISO 9660 has no
// more than eight levels of (RRIP section 4.1.5).
func (v *iso9660) moved(m medium, n *node, at int64) error {
	b, err := m.read(at, min(sectorSize, max(0, m.size-at)))
	if err != nil {
		return err
	}
	records := recordReader{b: b}
	self, err := records.next()
	if err != nil {
		return err
	}
	if self == nil || !isSelf(self) {
		return damaged("a directory that was moved isn't where it should be")
	}
	there := v.plain(self)
	n.mode, n.size, n.extents, n.id = n.mode.Perm()|fs.ModeDir, there.size, there.extents, there.id
	return nil
}
