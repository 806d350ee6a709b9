package scsi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// senseCode is a sense key with its additional sense code and qualifier, as
// 0xKKCCQQ (SPC-4 section 4.5).
type senseCode uint32

const (
	senseNone            senseCode = 0x000000
	senseNoMedium        senseCode = 0x023a00
	senseGone            senseCode = 0x020403
	senseWriteError      senseCode = 0x030c00
	senseReadError       senseCode = 0x031100
	senseFieldInUnit     senseCode = 0x050e03
	senseParameterLength senseCode = 0x051a00
	senseOpcode          senseCode = 0x052000
	senseRange           senseCode = 0x052100
	senseFieldInCDB      senseCode = 0x052400
	senseLUN             senseCode = 0x052500
	senseFieldInList     senseCode = 0x052600
	senseBadRelease      senseCode = 0x052604
	senseRemovalPrevent  senseCode = 0x055302
	senseNoRegistrations senseCode = 0x055504
	senseReset           senseCode = 0x062903
	senseModeChanged     senseCode = 0x062a01
	senseResPreempted    senseCode = 0x062a03
	senseResReleased     senseCode = 0x062a04
	senseRegPreempted    senseCode = 0x062a05
	senseCapacity        senseCode = 0x062a09
	senseReadOnly        senseCode = 0x072700
	senseNoSpace         senseCode = 0x072707
	senseProtocol        senseCode = 0x0b4705
	senseAborted         senseCode = 0x0b0000
	senseMiscompare      senseCode = 0x0e1d00
)

// bytes are the key, the additional code and its qualifier.
func (c senseCode) bytes() (key, asc, ascq byte) { return byte(c >> 16), byte(c >> 8), byte(c) }

// check is a command's end with CHECK CONDITION.
type check struct {
	code senseCode
	// field is the byte that is wrong, counted from 0; 0 is none, for the
	// opcode is never told of this way.
	field int
	// info is what the INFORMATION field says.
	info    uint64
	hasInfo bool
	cause   error
}

func (e *check) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("sense %06x: %v", uint32(e.code), e.cause)
	}
	return fmt.Sprintf("sense %06x, field %d", uint32(e.code), e.field)
}

func (e *check) Unwrap() error { return e.cause }

func invalidCDB(field int) error  { return &check{code: senseFieldInCDB, field: field} }
func invalidList(field int) error { return &check{code: senseFieldInList, field: field} }
func fails(code senseCode) error  { return &check{code: code} }

// deviceError turns what a device says into sense data.
func deviceError(err error, medium senseCode) error {
	if err == nil {
		return nil
	}
	code := medium
	switch {
	case errors.Is(err, block.ErrOutOfRange):
		code = senseRange
	case errors.Is(err, block.ErrReadOnly):
		code = senseReadOnly
	case errors.Is(err, block.ErrNoSpace):
		code = senseNoSpace
	case errors.Is(err, block.ErrGone):
		code = senseGone
	case errors.Is(err, context.Canceled):
		code = senseAborted
	}
	return &check{code: code, cause: err}
}

// appendTo appends sense data in descriptor or fixed format
// (SPC-4 sections 4.5.2 and 4.5.3).
func (e *check) appendTo(p []byte, descriptor bool) []byte {
	if descriptor {
		return e.appendDescriptors(p)
	}
	var s [18]byte
	s[0], s[7] = 0x70, 10
	s[2], s[12], s[13] = e.code.bytes()
	if e.hasInfo && e.info <= 0xffffffff {
		s[0] |= 0x80
		binary.BigEndian.PutUint32(s[3:], uint32(e.info))
	}
	e.pointTo(s[15:])
	return append(p, s[:]...)
}

func (e *check) appendDescriptors(p []byte) []byte {
	key, asc, ascq := e.code.bytes()
	p = append(p, 0x72, key, asc, ascq, 0, 0, 0, 0)
	if e.hasInfo {
		p = append(p, 0, 10, 0x80, 0)
		p = binary.BigEndian.AppendUint64(p, e.info)
	}
	if e.field > 0 {
		var field [8]byte
		field[0], field[1] = 2, 6
		e.pointTo(field[4:])
		p = append(p, field[:]...)
	}
	p[7] = byte(len(p) - 8)
	return p
}

// pointTo fills in the field pointer (SPC-4 section 4.5.2.4.2).
func (e *check) pointTo(p []byte) {
	if e.field <= 0 {
		return
	}
	p[0] = 0x80
	if e.code == senseFieldInCDB {
		p[0] |= 0x40
	}
	binary.BigEndian.PutUint16(p[1:], uint16(e.field))
}

// requestSense is REQUEST SENSE (SPC-4 section 6.39): a pending unit attention
// or nothing, since every command brought its own sense data.
func (c *Command) requestSense() error {
	e := check{code: senseLUN}
	if c.unit != nil {
		e.code = c.nexus.takeAttention()
	}
	return c.give(e.appendTo(nil, c.CDB[1]&1 != 0), int(c.CDB[4]))
}
