package nbd

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// The data of options, decoded. Each decoder takes foreign bytes of any length.

var errMalformed = errors.New("the option's data is malformed")

// cut is a string of n bytes and what follows it.
func cut(b []byte, n uint32) (string, []byte, error) {
	if n > maxString || uint64(n) > uint64(len(b)) || !validName(b[:n]) {
		return "", nil, errMalformed
	}
	return string(b[:n]), b[n:], nil
}

func validName(b []byte) bool {
	for _, c := range b {
		if c == 0 {
			return false
		}
	}
	return utf8.Valid(b)
}

// cutString is a string with its 32 bit length before it.
func cutString(b []byte) (string, []byte, error) {
	if len(b) < 4 {
		return "", nil, errMalformed
	}
	return cut(b[4:], binary.BigEndian.Uint32(b))
}

// infoRequest is the data of NBD_OPT_INFO and NBD_OPT_GO.
type infoRequest struct {
	name   string
	wanted []uint16
}

func decodeInfo(b []byte) (r infoRequest, err error) {
	if r.name, b, err = cutString(b); err != nil {
		return r, err
	}
	if len(b) < 2 || len(b) != 2+2*int(binary.BigEndian.Uint16(b)) {
		return r, errMalformed
	}
	for b = b[2:]; len(b) > 0; b = b[2:] {
		r.wanted = append(r.wanted, binary.BigEndian.Uint16(b))
	}
	return r, nil
}

func (r infoRequest) bytes() []byte {
	b := appendString(nil, r.name)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.wanted)))
	for _, w := range r.wanted {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}

// metaRequest is the data of NBD_OPT_LIST_META_CONTEXT and
// NBD_OPT_SET_META_CONTEXT.
type metaRequest struct {
	name    string
	queries []string
}

func decodeMeta(b []byte) (r metaRequest, err error) {
	if r.name, b, err = cutString(b); err != nil {
		return r, err
	}
	if len(b) < 4 {
		return r, errMalformed
	}
	n := binary.BigEndian.Uint32(b)
	b = b[4:]
	if uint64(n) > uint64(len(b))/4 {
		return r, errMalformed
	}
	for range n {
		var q string
		if q, b, err = cutString(b); err != nil {
			return r, err
		}
		r.queries = append(r.queries, q)
	}
	if len(b) != 0 {
		return r, errMalformed
	}
	return r, nil
}

func (r metaRequest) bytes() []byte {
	b := appendString(nil, r.name)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.queries)))
	for _, q := range r.queries {
		b = appendString(b, q)
	}
	return b
}

// wantsAllocation says whether the queries select base:allocation; a list also
// selects by namespace, or everything when it asks nothing.
func (r metaRequest) wantsAllocation(list bool) bool {
	if list && len(r.queries) == 0 {
		return true
	}
	for _, q := range r.queries {
		if q == baseAllocation || list && q == "base:" {
			return true
		}
	}
	return false
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// appendOption appends an option with its data.
func appendOption(b []byte, option uint32, data []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, magicOption)
	b = binary.BigEndian.AppendUint32(b, option)
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// appendOptionReply appends a reply to an option.
func appendOptionReply(b []byte, option, kind uint32, data []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, magicOptionReply)
	b = binary.BigEndian.AppendUint32(b, option)
	b = binary.BigEndian.AppendUint32(b, kind)
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}
