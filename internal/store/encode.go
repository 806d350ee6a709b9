package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// valueHeader is in front of a value in the file, in bytes: the revision of the
// record, when it times out, and a checksum of these, the key and the value.
const valueHeader = 8 + 8 + 4

func (s stored) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.Revision))
	b = binary.BigEndian.AppendUint64(b, uint64(s.expires))
	sum := crc32.ChecksumIEEE(slices.Concat(b, []byte(s.Key), s.Value))
	return append(binary.BigEndian.AppendUint32(b, sum), s.Value...)
}

// checksum is that of an encoded record, 0 of none.
func checksum(b []byte) uint32 {
	if len(b) < valueHeader {
		return 0
	}
	return binary.BigEndian.Uint32(b[16:])
}

// decode is ok if b is what encode made. Else both may lead to memory that isn't there.
func decode(key, b []byte) (s stored, ok bool) {
	if len(key) > len(stateKey) || len(b) < valueHeader || len(b) > valueHeader+ValueMost {
		return stored{}, false
	}
	s.Key, s.Value = string(key), bytes.Clone(b[valueHeader:])
	s.Revision = int64(binary.BigEndian.Uint64(b))
	s.expires = int64(binary.BigEndian.Uint64(b[8:]))
	return s, s.Revision > 0 && bytes.Equal(s.encode(), b)
}
