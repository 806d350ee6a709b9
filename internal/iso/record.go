package iso

import (
	"encoding/binary"
	"io/fs"
	"strings"
	"time"
)

// iso9660 is a file system by ECMA-119, and what its directories have besides.
type iso9660 struct {
	label     string
	block     int64
	top       *node
	joliet    bool
	rockRidge bool
	skip      int // bytes before the system use entries of a record (SUSP section 5.3)
}

// Flags of a directory record (ECMA-119 section 9.1.6).
const (
	flagDirectory  = 0x02
	flagAssociated = 0x04
	flagMore       = 0x80 // another extent of the same file follows
)

func (v *iso9660) root() *node { return v.top }

// exact: names of Rock Ridge are those of a Unix system, others know no case.
func (v *iso9660) exact() bool { return v.rockRidge }

func (v *iso9660) format() string {
	switch {
	case v.rockRidge:
		return "ISO 9660 with Rock Ridge"
	case v.joliet:
		return "ISO 9660 with Joliet"
	}
	return "ISO 9660"
}

// list implements filesystem.
func (v *iso9660) list(m medium, dir *node) ([]*node, error) {
	b, err := m.readAll(dir.extents, mostDirectory)
	if err != nil {
		return nil, err
	}
	var found []*node
	var open *node // a file of which another extent follows
	for records := (recordReader{b: b}); ; {
		record, err := records.next()
		if record == nil && open != nil {
			open.flaw = damaged("its last part isn't in its directory")
		}
		if err != nil || record == nil {
			return listing(found), err
		}
		if isSelf(record) || record[25]&flagAssociated != 0 {
			continue
		}
		if len(found) == mostEntries {
			return nil, damaged("a directory has more than %d entries", mostEntries)
		}
		if open, err = v.add(m, &found, open, record); err != nil {
			return nil, err
		}
	}
}

// add takes a record into a directory. It returns the file of which more extents follow.
func (v *iso9660) add(m medium, found *[]*node, open *node, record []byte) (*node, error) {
	part := v.plain(record)
	more := record[25]&flagMore != 0
	if open != nil {
		for _, e := range part.extents {
			open.extents = extend(open.extents, e)
		}
		open.size += part.size
		if len(open.extents) > mostExtents {
			return nil, damaged("%s has more than %d parts", open.name, mostExtents)
		}
		part = open
	} else {
		hidden, err := v.describe(m, part, record)
		if err != nil {
			return nil, err
		}
		if hidden {
			return nil, nil //nolint:nilnil // no file is open
		}
		*found = append(*found, part)
	}
	if more {
		return part, nil
	}
	part.settle(m)
	return nil, nil //nolint:nilnil // likewise
}

// plain is what a record says without Rock Ridge and without a name.
func (v *iso9660) plain(record []byte) *node {
	at := (int64(binary.LittleEndian.Uint32(record[2:])) + int64(record[1])) * v.block
	n := &node{size: int64(binary.LittleEndian.Uint32(record[10:])), mode: 0o444, modTime: recordTime(record[18:25]), id: at}
	if record[25]&flagDirectory != 0 {
		n.mode = fs.ModeDir | 0o555
	}
	if n.size > 0 {
		n.extents = []extent{{at, n.size}}
	}
	if record[26] != 0 || record[27] != 0 {
		n.flaw = damaged("it is interleaved, which nobody writes")
	}
	return n
}

// describe gives a node its name, and what Rock Ridge says of it. hidden says that it
// is not to be seen.
func (v *iso9660) describe(m medium, n *node, record []byte) (hidden bool, err error) {
	id := record[33 : 33+int(record[32])]
	switch {
	case v.joliet:
		return !n.named(withoutVersion(fromUCS2(id))), nil
	case !v.rockRidge:
		return !n.named(asLinuxShows(string(id))), nil
	}
	use, err := v.systemUse(m, record)
	if err != nil {
		return false, err
	}
	if use.relocated {
		return true, nil
	}
	name := use.name
	if name == "" {
		name = asLinuxShows(string(id))
	}
	if !n.named(name) {
		return true, nil
	}
	return false, use.apply(m, v, n)
}

// asLinuxShows writes a name of ISO 9660 as Linux does (isofs_name_translate in its
// fs/isofs/dir.c): in lower case, without version 1 and the period before it.
func asLinuxShows(id string) string {
	name, had := strings.CutSuffix(id, ";1")
	if had {
		name = strings.TrimSuffix(name, ".")
	}
	lower := func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == ';' || r == '/':
			return '.'
		}
		return r
	}
	return strings.Map(lower, name)
}

// withoutVersion takes version 1 from a name of Joliet (get_joliet_filename of Linux).
func withoutVersion(name string) string {
	name, _ = strings.CutSuffix(name, ";1")
	return strings.TrimRight(name, ".")
}

// recordReader reads directory records one by one.
type recordReader struct {
	b  []byte
	at int
}

// next is the next record, nil at the end. None crosses a sector (ECMA-119 section
// 6.8.1.1).
func (r *recordReader) next() ([]byte, error) {
	for r.at < len(r.b) {
		length := int(r.b[r.at])
		end := min((r.at/sectorSize+1)*sectorSize, len(r.b))
		if length == 0 {
			r.at = end
			continue
		}
		if length < 34 || r.at+length > end || 33+int(r.b[r.at+32]) > length {
			return nil, damaged("a directory has a record of %d bytes that doesn't fit", length)
		}
		record := r.b[r.at : r.at+length]
		r.at += length
		return record, nil
	}
	return nil, nil
}

// isSelf tells the records of a directory itself and of the one above it.
func isSelf(record []byte) bool { return record[32] == 1 && record[33] <= 1 }

// recordTime reads the time of a record (ECMA-119 section 9.1.5).
func recordTime(b []byte) time.Time {
	if b[1] == 0 && b[2] == 0 {
		return time.Time{}
	}
	zone := time.FixedZone("", int(int8(b[6]))*15*60)
	return time.Date(1900+int(b[0]), time.Month(b[1]), int(b[2]), int(b[3]), int(b[4]), int(b[5]), 0, zone).UTC()
}
