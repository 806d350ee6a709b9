package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"
)

// bucketName is the bucket of the file. Its sequence number is the store's
// revision.
const bucketName = "records"

// sumKey, which is too long for a record, has the checksums of all records,
// added without carry: it differs where a record is missing, or an older one is
// in its place.
var sumKey = bytes.Repeat([]byte{0xFF}, KeyMost+1)

// valueHeader is in front of a value in the file, in bytes: the revision of the
// record, when it times out in milliseconds since 1970 or 0, and a checksum of
// these, the key and the value.
const valueHeader = 8 + 8 + 4

func (s stored) times() []byte {
	expires := int64(0)
	if !s.expires.IsZero() {
		expires = s.expires.UnixMilli()
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(s.Revision))
	return binary.BigEndian.AppendUint64(b, uint64(expires))
}

// sum is 0 for no record.
func (s stored) sum() uint32 {
	if s.Revision == 0 {
		return 0
	}
	return crc32.ChecksumIEEE(slices.Concat(s.times(), []byte(s.Key), s.Value))
}

func (s stored) encode() []byte {
	return append(binary.BigEndian.AppendUint32(s.times(), s.sum()), s.Value...)
}

// decode is ok if b is what encode made.
func decode(key string, b []byte) (s stored, ok bool) {
	if len(b) < valueHeader {
		return stored{}, false
	}
	s = stored{Record: Record{Key: key, Revision: int64(binary.BigEndian.Uint64(b)), Value: bytes.Clone(b[valueHeader:])}}
	if expires := int64(binary.BigEndian.Uint64(b[8:])); expires != 0 {
		s.expires = time.UnixMilli(expires)
	}
	return s, s.Revision > 0 && binary.BigEndian.Uint32(b[16:]) == s.sum()
}
