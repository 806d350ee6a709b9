package iscsi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Bits of SCSI Command that say in which direction data go
// (RFC 7143 section 11.3.1).
const (
	flagRead  = 0x40
	flagWrite = 0x20
)

// checkDirection refuses flags and a length that contradict each other: a format
// error, after which a session isn't to go on (RFC 7143 section 7.6). No command
// of ours moves data both ways.
func (t *task) checkDirection() error {
	switch both := t.flags & (flagRead | flagWrite); {
	case t.edtl == 0:
		return nil
	case both == 0:
		return fmt.Errorf("format error: a SCSI command that expects %d bytes in no direction", t.edtl)
	case both == flagRead|flagWrite:
		return errors.New("format error: a SCSI command with data in both directions, which no command here has")
	}
	return nil
}

// Types of additional header segments (RFC 7143 section 11.2.2.1).
const (
	ahsLongCDB       = 1
	ahsBidirectional = 2
)

// extend reads the additional header segments.
func (t *task) extend(ahs []byte) error {
	for len(ahs) > 0 {
		n := int(binary.BigEndian.Uint16(ahs))
		n += 3
		if n += pad(n); n > len(ahs) {
			return errors.New("format error: an additional header segment that is longer than all of them")
		}
		switch ahs[2] {
		case ahsLongCDB:
			t.longCDB = true
		case ahsBidirectional:
			return errors.New("format error: a bidirectional SCSI command, which none is here")
		}
		ahs = ahs[n:]
	}
	return nil
}

// errDirection is the end of a command whose flags say the opposite of its CDB:
// INVALID FIELD IN COMMAND INFORMATION UNIT.
var errDirection = fails(senseFieldInUnit)

// takesWrongly says whether a command that takes data was announced as one that
// gives them.
func (t *task) takesWrongly(c *command) bool {
	return t.edtl > 0 && t.flags&flagWrite == 0 && c.needs != nil && c.needs(t) > 0
}

// givesWrongly is the reverse, for a command that has data to give. It ends well,
// as libiscsi's suite wants it (Read10Invalid), and loses nothing: the residual
// count says that nothing of what was announced was taken.
func (t *task) givesWrongly() bool { return t.edtl > 0 && t.flags&flagRead == 0 }
