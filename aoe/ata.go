package aoe

import "encoding/binary"

// The ATA command (section 3.1): a drive's registers on the wire.

// Flags of the command.
const (
	ataExtended = 1 << 6 // 48 bit
	ataWrite    = 1 << 0
)

// Bits of the status and the error register.
const (
	statusError = 1 << 0
	statusReady = 1 << 6

	errorAborted  = 1 << 2
	errorNotFound = 1 << 4 // the sector: outside the disk
	errorMedium   = 1 << 6 // uncorrectable
)

// ATA commands that we know (ATA8-ACS).
const (
	ataDataSet     = 0x06
	ataRead        = 0x20
	ataReadExt     = 0x24
	ataReadDMAExt  = 0x25
	ataWrite28     = 0x30
	ataWriteExt    = 0x34
	ataWriteDMAExt = 0x35
	ataWriteFUA    = 0x3d
	ataVerify      = 0x40
	ataVerifyExt   = 0x42
	ataReadDMA     = 0xc8
	ataWriteDMA    = 0xca
	ataStandbyNow  = 0xe0
	ataIdleNow     = 0xe1
	ataStandby     = 0xe2
	ataIdle        = 0xe3
	ataCheckPower  = 0xe5
	ataFlush       = 0xe7
	ataFlushExt    = 0xea
	ataIdentify    = 0xec
	ataSetFeatures = 0xef
)

// kind is what a command comes down to.
type kind uint8

const (
	unknown kind = iota
	read
	write
	writeFUA // is durable when it is answered
	verify
	flush
	trim
	identify
	power
	nothing // accepted, and without effect
)

// registers are those of a request.
type registers struct {
	flags, feature, count, command uint8
	lba                            uint64
}

func decodeRegisters(b []byte) registers {
	r := registers{flags: b[0], feature: b[1], count: b[2], command: b[3], lba: binary.LittleEndian.Uint64(b[4:12]) & (1<<48 - 1)}
	if r.flags&ataExtended == 0 {
		r.lba &= 1<<28 - 1
	}
	return r
}

func (r registers) kind() kind {
	switch r.command {
	case ataRead, ataReadExt, ataReadDMA, ataReadDMAExt:
		return read
	case ataWrite28, ataWriteExt, ataWriteDMA, ataWriteDMAExt:
		return write
	case ataWriteFUA:
		return writeFUA
	case ataVerify, ataVerifyExt:
		return verify
	case ataFlush, ataFlushExt:
		return flush
	case ataDataSet:
		if r.feature == 1 {
			return trim
		}
	case ataIdentify:
		return identify
	case ataCheckPower:
		return power
	case ataStandbyNow, ataIdleNow, ataStandby, ataIdle, ataSetFeatures:
		return nothing
	}
	return unknown
}

// status sets the registers of an answer. Where nothing failed no sectors are
// left.
func status(f frame, failure uint8) {
	f[headerSize+1], f[headerSize+3] = failure, statusReady
	if failure != 0 {
		f[headerSize+3] |= statusError
	} else {
		f[headerSize+2] = 0
	}
}
