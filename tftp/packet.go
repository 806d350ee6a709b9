package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Opcodes (RFC 1350 section 5, RFC 2347).
const (
	opRead  = 1
	opWrite = 2
	opData  = 3
	opAck   = 4
	opError = 5
	opOACK  = 6
)

const (
	headerSize   = 4   // opcode and block number of DATA and ACK
	maxErrorText = 480 // keeps an ERROR packet below 512 bytes

	defaultBlockSize = 512
	minBlockSize     = 8
	maxBlockSize     = 65464 // RFC 2348
)

var errShort = errors.New("packet too short")

// A packet is one received packet of a running transfer. Data and options
// point into the buffer it was parsed from.
type packet struct {
	op      uint16
	block   uint16  // DATA, ACK
	data    []byte  // DATA
	options Options // OACK
	err     Error   // ERROR
}

// parsePacket reads DATA, ACK, ERROR and OACK packets. It is used for each
// packet of a transfer and allocates nothing for DATA and ACK.
func parsePacket(b []byte, p *packet) error {
	if len(b) < 2 {
		return errShort
	}
	p.op = binary.BigEndian.Uint16(b)
	p.data = nil
	switch p.op {
	case opData, opAck:
		if len(b) < headerSize {
			return errShort
		}
		p.block = binary.BigEndian.Uint16(b[2:])
		p.data = b[headerSize:]
		return nil
	case opError:
		return parseError(b, p)
	case opOACK:
		p.options = parseOptions(b[2:])
		return nil
	}
	return fmt.Errorf("opcode %d has no place in a transfer", p.op)
}

// parseError reads an ERROR packet. Quirk: several boot ROMs leave out the
// message or its NUL; the code is what counts.
func parseError(b []byte, p *packet) error {
	if len(b) < headerSize {
		return errShort
	}
	text := b[headerSize:]
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	p.err = Error{Code(binary.BigEndian.Uint16(b[2:])), printable(text)}
	return nil
}

// printable makes a peer's text safe for logs and terminals.
func printable(text []byte) string {
	text = bytes.Clone(text[:min(len(text), maxErrorText)])
	for i, c := range text {
		if c < ' ' || c > '~' {
			text[i] = '?'
		}
	}
	return string(text)
}

func putHeader(b []byte, op, block uint16) {
	binary.BigEndian.PutUint16(b, op)
	binary.BigEndian.PutUint16(b[2:], block)
}

func appendError(b []byte, e *Error) []byte {
	b = binary.BigEndian.AppendUint16(b, opError)
	b = binary.BigEndian.AppendUint16(b, uint16(e.Code))
	b = append(b, e.Message[:min(len(e.Message), maxErrorText)]...)
	return append(b, 0)
}

func appendOACK(b []byte, options Options) []byte {
	return appendOptions(binary.BigEndian.AppendUint16(b, opOACK), options)
}

func appendOptions(b []byte, options Options) []byte {
	for _, o := range options {
		b = append(append(b, o.Name...), 0)
		b = append(append(b, o.Value...), 0)
	}
	return b
}
