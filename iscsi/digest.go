package iscsi

import (
	"encoding/binary"
	"hash/crc32"
)

// digestSize is that of a header or data digest.
const digestSize = 4

// castagnoli makes the CRC32C of RFC 7143 section 13.1.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var zeroPad [4]byte

// digest is CRC32C of the data as it is padded on the wire.
func digest(data []byte) uint32 {
	return updateDigest(updateDigest(0, data), zeroPad[:pad(len(data))])
}

func updateDigest(sum uint32, data []byte) uint32 {
	return crc32.Update(sum, castagnoli, data)
}

// appendDigest appends a digest in the byte order of the wire, which is
// reflected: least significant byte first (RFC 7143 section 13.1, RFC 3385).
func appendDigest(p []byte, sum uint32) []byte {
	return binary.LittleEndian.AppendUint32(p, sum)
}

func wireDigest(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }
