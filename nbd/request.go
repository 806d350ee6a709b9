package nbd

import (
	"encoding/binary"
	"fmt"
)

// request is the header of a command ("Request message").
type request struct {
	flags, command uint16
	cookie         uint64
	offset, length uint64
}

const (
	compactRequestSize  = 28
	extendedRequestSize = 32
	maxRequestSize      = extendedRequestSize
)

// requestSize is the length of a request's header in bytes.
func (m mode) requestSize() int {
	if m == extended {
		return extendedRequestSize
	}
	return compactRequestSize
}

// decode reads a header of m.requestSize() bytes. After an error nothing that
// follows on the connection can be understood.
func (r *request) decode(b []byte, m mode) error {
	want := magicRequest
	if m == extended {
		want = magicExtRequest
	}
	if got := binary.BigEndian.Uint32(b); got != want {
		return fmt.Errorf("request begins with %#x, not %#x: the client is out of step", got, want)
	}
	r.flags = binary.BigEndian.Uint16(b[4:])
	r.command = binary.BigEndian.Uint16(b[6:])
	r.cookie = binary.BigEndian.Uint64(b[8:])
	r.offset = binary.BigEndian.Uint64(b[16:])
	if m == extended {
		r.length = binary.BigEndian.Uint64(b[24:])
	} else {
		r.length = uint64(binary.BigEndian.Uint32(b[24:]))
	}
	return nil
}

// append appends the header to b.
func (r *request) append(b []byte, m mode) []byte {
	magic := magicRequest
	if m == extended {
		magic = magicExtRequest
	}
	b = binary.BigEndian.AppendUint32(b, magic)
	b = binary.BigEndian.AppendUint16(b, r.flags)
	b = binary.BigEndian.AppendUint16(b, r.command)
	b = binary.BigEndian.AppendUint64(b, r.cookie)
	b = binary.BigEndian.AppendUint64(b, r.offset)
	return m.appendNumber(b, r.length)
}

// appendNumber appends a number that extended headers have in 64 bits.
func (m mode) appendNumber(b []byte, n uint64) []byte {
	if m == extended {
		return binary.BigEndian.AppendUint64(b, n)
	}
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// payload is the number of bytes that follow the header. A write's are always
// there; with extended headers NBD_CMD_FLAG_PAYLOAD_LEN says so for others.
func (r *request) payload(m mode) uint64 {
	if r.command == cmdWrite || m == extended && r.flags&cmdPayloadLen != 0 {
		return r.length
	}
	return 0
}

// allowedFlags are the flags that a command may have.
func (r *request) allowedFlags(m mode) uint16 {
	switch r.command {
	case cmdRead:
		if m == simple {
			return 0
		}
		return cmdDF
	case cmdWrite:
		if m == extended {
			return cmdFUA | cmdPayloadLen
		}
		return cmdFUA
	case cmdTrim:
		return cmdFUA
	case cmdWriteZeroes:
		return cmdFUA | cmdNoHole | cmdFastZero
	case cmdBlockStatus:
		if m == extended {
			return cmdReqOne | cmdPayloadLen
		}
		return cmdReqOne
	}
	return 0
}

// writes says whether the command changes the export.
func (r *request) writes() bool {
	return r.command == cmdWrite || r.command == cmdTrim || r.command == cmdWriteZeroes
}

// check says what is wrong with a request before the device is asked, or 0.
func (r *request) check(m mode, size int64, readOnly bool, maxPayload int) errno {
	switch {
	// The kernel's driver sends FUA with flushes and reads of old: ignored as
	// the protocol asks ("Command flags", bit 0).
	case r.flags&^(r.allowedFlags(m)|cmdFUA) != 0:
		return errInvalid
	case r.writes() && readOnly:
		return errPermission
	case r.command == cmdFlush:
		return 0
	case r.command == cmdRead && r.length > uint64(maxPayload):
		return errInvalid
	}
	if r.offset > uint64(size) || r.length > uint64(size)-r.offset {
		if r.command == cmdWrite || r.command == cmdWriteZeroes {
			return errNoSpace
		}
		return errInvalid
	}
	return 0
}
