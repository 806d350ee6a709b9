package dissect

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// TFTP reads a packet of TFTP (RFC 1350, options by RFC 2347 and later ones).
func TFTP(b []byte) Packet {
	if len(b) < 2 {
		return Packet{Title: "no TFTP", Faults: []string{fmt.Sprintf("%d bytes are too few for an operation", len(b))}}
	}
	op, rest := binary.BigEndian.Uint16(b), b[2:]
	switch {
	case op == 1 || op == 2:
		return request(op, rest)
	case op == 3 && len(rest) >= 2:
		return Packet{Title: fmt.Sprintf("DATA, block %d, %d bytes", binary.BigEndian.Uint16(rest), len(rest)-2)}
	case op == 4 && len(rest) >= 2:
		return Packet{Title: fmt.Sprintf("ACK, block %d", binary.BigEndian.Uint16(rest))}
	case op == 5 && len(rest) >= 2:
		message, _, _ := bytes.Cut(rest[2:], []byte{0})
		return Packet{Title: fmt.Sprintf("ERROR %d %s", binary.BigEndian.Uint16(rest), text(message))}
	case op == 6:
		p := Packet{Title: "OACK"}
		p.options(rest)
		return p
	}
	return Packet{Title: fmt.Sprintf("TFTP operation %d", op), Faults: []string{"this is no whole packet of TFTP"}}
}

// request is a file's name, the mode and options.
func request(op uint16, b []byte) Packet {
	name, rest, ok := bytes.Cut(b, []byte{0})
	p := Packet{Title: [...]string{"RRQ", "WRQ"}[op-1] + " " + text(name)}
	mode, rest, whole := bytes.Cut(rest, []byte{0})
	if !ok || !whole {
		p.Faults = append(p.Faults, "the request is cut off: no NUL ends the name and the mode")
	}
	p.Fields = append(p.Fields, Field{Name: "mode", Value: line(string(mode))})
	p.options(rest)
	return p
}

// options reads pairs of strings.
func (p *Packet) options(b []byte) {
	for len(b) > 0 && len(p.Fields) < 32 {
		name, after, ok := bytes.Cut(b, []byte{0})
		value, rest, whole := bytes.Cut(after, []byte{0})
		if !ok || !whole {
			p.Faults = append(p.Faults, "the options are cut off")
			return
		}
		p.Fields = append(p.Fields, Field{Name: line(string(name)), Value: line(string(value))})
		b = rest
	}
}
