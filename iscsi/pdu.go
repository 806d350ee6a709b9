package iscsi

import (
	"encoding/binary"
	"fmt"
)

// opcode of a PDU (RFC 7143 section 11.2.1.2).
type opcode uint8

const (
	opNOPOut       opcode = 0x00
	opSCSICommand  opcode = 0x01
	opTaskMgmt     opcode = 0x02
	opLogin        opcode = 0x03
	opText         opcode = 0x04
	opDataOut      opcode = 0x05
	opLogout       opcode = 0x06
	opSNACK        opcode = 0x10
	opNOPIn        opcode = 0x20
	opSCSIResponse opcode = 0x21
	opTaskMgmtResp opcode = 0x22
	opLoginResp    opcode = 0x23
	opTextResp     opcode = 0x24
	opDataIn       opcode = 0x25
	opLogoutResp   opcode = 0x26
	opR2T          opcode = 0x31
	opAsync        opcode = 0x32
	opReject       opcode = 0x3f
)

// noTag is the reserved value of initiator and target task tags.
const noTag = 0xffffffff

// headerSize is that of the basic header segment.
const headerSize = 48

// header is a basic header segment (RFC 7143 section 11.2.1). Its fields are
// read and written in place, so that no command costs an allocation.
type header [headerSize]byte

func (h *header) opcode() opcode  { return opcode(h[0] & 0x3f) }
func (h *header) immediate() bool { return h[0]&0x40 != 0 }
func (h *header) flags() byte     { return h[1] }
func (h *header) final() bool     { return h[1]&0x80 != 0 }
func (h *header) ahsLen() int     { return int(h[4]) * 4 }
func (h *header) dataLen() int    { return int(h[5])<<16 | int(h[6])<<8 | int(h[7]) }
func (h *header) lun() uint64     { return binary.BigEndian.Uint64(h[8:]) }
func (h *header) itt() uint32     { return h.u32(16) }
func (h *header) ttt() uint32     { return h.u32(20) }
func (h *header) cmdSN() uint32   { return h.u32(24) }
func (h *header) statSN() uint32  { return h.u32(28) }

func (h *header) u32(at int) uint32       { return binary.BigEndian.Uint32(h[at:]) }
func (h *header) put32(at int, v uint32)  { binary.BigEndian.PutUint32(h[at:], v) }
func (h *header) put16(at int, v uint16)  { binary.BigEndian.PutUint16(h[at:], v) }
func (h *header) u16(at int) uint16       { return binary.BigEndian.Uint16(h[at:]) }
func (h *header) setLUN(lun uint64)       { binary.BigEndian.PutUint64(h[8:], lun) }
func (h *header) setITT(tag uint32)       { h.put32(16, tag) }
func (h *header) setDataLen(n int)        { h[5], h[6], h[7] = byte(n>>16), byte(n>>8), byte(n) }
func (h *header) start(op opcode, f byte) { *h = header{0: byte(op), 1: f} }

// check refuses a header that no sequence of PDUs makes sense of. limit is the
// MaxRecvDataSegmentLength that was declared to the initiator.
func (h *header) check(limit int) error {
	if n := h.dataLen(); n > limit {
		return fmt.Errorf("data segment of %d bytes where at most %d were agreed", n, limit)
	}
	if h.ahsLen() != 0 && h.opcode() != opSCSICommand {
		return fmt.Errorf("additional header segment on opcode %#02x", h[0]&0x3f)
	}
	if h.opcode() >= opNOPIn {
		return fmt.Errorf("opcode %#02x is a target's", h[0]&0x3f)
	}
	return nil
}

// pad is the number of bytes that fill n up to a multiple of four.
func pad(n int) int { return -n & 3 }

// Reasons of a Reject PDU (RFC 7143 section 11.17.1).
const (
	rejectDataDigest   = 0x02
	rejectProtocol     = 0x04
	rejectUnsupported  = 0x05
	rejectTooManyImm   = 0x06
	rejectInvalidField = 0x09
	rejectLongOp       = 0x0a
)
