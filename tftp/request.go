package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// An Op says which way a file goes.
type Op uint16

// The requests, named from the client's side (RFC 1350 section 5).
const (
	Read  Op = opRead  // RRQ: from the server to the client
	Write Op = opWrite // WRQ: from the client to the server
)

func (o Op) String() string {
	switch o {
	case Read:
		return "read"
	case Write:
		return "write"
	}
	return fmt.Sprintf("Op(%d)", uint16(o))
}

// A Mode is how bytes are represented on the wire (RFC 1350 section 1).
type Mode string

// The modes of RFC 1350; its third, mail, is obsolete.
const (
	Octet    Mode = "octet"    // bytes as they are
	Netascii Mode = "netascii" // lines end in CR LF, a bare CR is CR NUL
)

// A Request is a read or write request together with where it came in.
type Request struct {
	Op       Op
	Filename string // as the client sent it, backslashes and all; see ParseRequest
	Mode     Mode
	Options  Options // in the order they were sent, unknown ones included

	Remote    netip.AddrPort // the client
	Local     netip.AddrPort // the address and port that were asked
	Interface int            // index of the interface the request came in on, 0 if unknown
}

// maxRequest bounds what is parsed of a request. RFC 2347 says 512 octets;
// some clients with long paths send more.
const maxRequest = 2048

// ParseRequest reads an RRQ or WRQ packet (RFC 1350 section 5, RFC 2347).
//
// Quirk: PXE ROMs that take the boot file name from DHCP option 67 without
// minding its length append what follows it, commonly the END option 0xff, or
// spaces: one trailing 0xff and trailing spaces are removed from the name.
// Quirk: the NUL after the last string is missing from some ROMs' requests;
// the mode or value is then taken to end with the packet.
func ParseRequest(b []byte) (*Request, error) {
	if len(b) < 4 || len(b) > maxRequest {
		return nil, fmt.Errorf("request of %d bytes", len(b))
	}
	op := Op(binary.BigEndian.Uint16(b))
	if op != Read && op != Write {
		return nil, fmt.Errorf("opcode %d where a request was expected", op)
	}
	name, rest, ok := bytes.Cut(b[2:], []byte{0})
	if !ok {
		return nil, errors.New("file name without an end")
	}
	modeText, rest, _ := bytes.Cut(rest, []byte{0})
	mode := Mode(strings.ToLower(string(modeText)))
	if mode != Octet && mode != Netascii {
		return nil, fmt.Errorf("transfer mode %q is neither octet nor netascii", printable(modeText))
	}
	return &Request{
		Op:       op,
		Filename: cleanName(name),
		Mode:     mode,
		Options:  parseOptions(rest),
	}, nil
}

func cleanName(name []byte) string {
	name = bytes.TrimRight(name, " ")
	name = bytes.TrimSuffix(name, []byte{0xff})
	return string(bytes.TrimRight(name, " "))
}

func appendRequest(b []byte, r *Request) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(r.Op))
	b = append(append(b, r.Filename...), 0)
	b = append(append(b, r.Mode...), 0)
	return appendOptions(b, r.Options)
}

// same reports whether two requests ask for the same thing: whether one may
// be a repetition of the other.
func (r *Request) same(other *Request) bool {
	return r.Op == other.Op && r.Filename == other.Filename && r.Mode == other.Mode && slices.Equal(r.Options, other.Options)
}
