package vmdk

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/spurboot/spur/block/imagemap"
)

// Bounds of a descriptor.
const (
	mostDescriptor = 1 << 20
	mostExtents    = 1024
	mostSectors    = 1 << 43
)

// descriptor is what is needed of one.
type descriptor struct {
	parent  string // the name of the parent, where there is one
	differs bool
	id      string // changes when the disk is written to
	over    string // the parent's
	extents []extentLine
}

// extentLine is such as: RW 4192256 SPARSE "disk-s001.vmdk"
type extentLine struct {
	kind    string
	sectors int64
	name    string
	offset  int64 // in the file, in sectors
}

func parseDescriptor(text []byte) (descriptor, error) {
	var d descriptor
	text, _, _ = bytes.Cut(text, []byte{0})
	if !bytes.HasPrefix(text, []byte("# Disk DescriptorFile")) {
		return d, fmt.Errorf("%w: no VMDK descriptor", imagemap.ErrDamaged)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, mostDescriptor+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		key, value, _ := strings.Cut(line, "=")
		switch key = strings.ToLower(strings.TrimSpace(key)); {
		case key == "parentcid":
			d.over = strings.TrimLeft(strings.TrimSpace(value), "0")
			d.differs = !strings.EqualFold(d.over, "ffffffff")
		case key == "cid":
			d.id = strings.TrimLeft(strings.TrimSpace(value), "0") // which not everybody writes
		case key == "parentfilenamehint":
			d.parent = strings.Trim(strings.TrimSpace(value), `"`)
		case strings.HasPrefix(line, "RW ") || strings.HasPrefix(line, "RDONLY ") || strings.HasPrefix(line, "NOACCESS "):
			e, err := parseExtent(line)
			if err != nil {
				return d, err
			}
			d.extents = append(d.extents, e)
		}
		if len(d.extents) > mostExtents {
			return d, fmt.Errorf("%w: more than %d extents", imagemap.ErrDamaged, mostExtents)
		}
	}
	return d, lines.Err()
}

func parseExtent(line string) (extentLine, error) {
	wrong := fmt.Errorf("%w: extent %.100q", imagemap.ErrDamaged, line)
	before, rest, _ := strings.Cut(line, `"`)
	fields := strings.Fields(before)
	if len(fields) != 3 {
		return extentLine{}, wrong
	}
	sectors, err := strconv.ParseUint(fields[1], 10, 63)
	if err != nil || sectors > mostSectors {
		return extentLine{}, wrong
	}
	e := extentLine{kind: fields[2], sectors: int64(sectors)}
	name, after, _ := strings.Cut(rest, `"`)
	e.name = name
	if after = strings.TrimSpace(after); after != "" {
		offset, err := strconv.ParseUint(strings.Fields(after)[0], 10, 63)
		if err != nil || offset > mostSectors {
			return extentLine{}, wrong
		}
		e.offset = int64(offset)
	}
	if fields[0] == "NOACCESS" {
		e.kind = "ZERO"
	}
	return e, nil
}
