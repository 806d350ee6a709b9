package nbd

import "encoding/binary"

// Sizes of the headers of replies, in bytes.
const (
	simpleReplySize   = 16
	chunkSize         = 20
	extendedChunkSize = 32
)

// chunkHeader is the header of a structured or extended reply chunk.
type chunkHeader struct {
	flags, kind uint16
	cookie      uint64
	offset      uint64 // extended only: the request's
	length      uint64 // of the payload
}

// appendSimple appends a simple reply's header ("Simple reply message").
func appendSimple(b []byte, e errno, cookie uint64) []byte {
	b = binary.BigEndian.AppendUint32(b, magicSimpleReply)
	b = binary.BigEndian.AppendUint32(b, uint32(e))
	return binary.BigEndian.AppendUint64(b, cookie)
}

// append appends the header of a chunk ("Structured reply chunk message",
// "Extended reply chunk message").
func (h *chunkHeader) append(b []byte, m mode) []byte {
	if m == extended {
		b = binary.BigEndian.AppendUint32(b, magicExtendedChnk)
	} else {
		b = binary.BigEndian.AppendUint32(b, magicChunk)
	}
	b = binary.BigEndian.AppendUint16(b, h.flags)
	b = binary.BigEndian.AppendUint16(b, h.kind)
	b = binary.BigEndian.AppendUint64(b, h.cookie)
	if m == extended {
		b = binary.BigEndian.AppendUint64(b, h.offset)
	}
	return m.appendNumber(b, h.length)
}

// decode reads what follows the magic number of a chunk.
func (h *chunkHeader) decode(b []byte, m mode) {
	h.flags = binary.BigEndian.Uint16(b)
	h.kind = binary.BigEndian.Uint16(b[2:])
	h.cookie = binary.BigEndian.Uint64(b[4:])
	if m == extended {
		h.offset = binary.BigEndian.Uint64(b[12:])
		h.length = binary.BigEndian.Uint64(b[20:])
		return
	}
	h.length = uint64(binary.BigEndian.Uint32(b[12:]))
}

// appendDone appends the whole reply of a command that has no data.
func (r *request) appendDone(b []byte, m mode, e errno) []byte {
	switch {
	case m == simple:
		return appendSimple(b, e, r.cookie)
	case e == 0:
		h := chunkHeader{flags: chunkDone, kind: chunkNone, cookie: r.cookie, offset: r.offset}
		return h.append(b, m)
	}
	h := chunkHeader{flags: chunkDone, kind: chunkError, cookie: r.cookie, offset: r.offset, length: 6}
	b = h.append(b, m)
	b = binary.BigEndian.AppendUint32(b, uint32(e))
	return binary.BigEndian.AppendUint16(b, 0) // no words
}

// dataHeaderSize is the number of bytes before the data of a read.
func (m mode) dataHeaderSize() int {
	switch m {
	case simple:
		return simpleReplySize
	case structured:
		return chunkSize + 8
	}
	return extendedChunkSize + 8
}

// holeSize is the length of a chunk that says "zeros".
func (m mode) holeSize() int { return m.dataHeaderSize() + 4 }

// appendData appends the header of n bytes of data from off.
func (r *request) appendData(b []byte, m mode, flags uint16, off, n int64) []byte {
	if m == simple {
		return appendSimple(b, 0, r.cookie)
	}
	h := chunkHeader{flags: flags, kind: chunkData, cookie: r.cookie, offset: r.offset, length: 8 + uint64(n)}
	return binary.BigEndian.AppendUint64(h.append(b, m), uint64(off))
}

// appendHole appends a chunk that says that n bytes from off are zeros.
func (r *request) appendHole(b []byte, m mode, flags uint16, off, n int64) []byte {
	h := chunkHeader{flags: flags, kind: chunkHole, cookie: r.cookie, offset: r.offset, length: 12}
	b = binary.BigEndian.AppendUint64(h.append(b, m), uint64(off))
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// descriptor is one range of a block status reply.
type descriptor struct {
	length int64
	state  uint32
}

// appendStatus appends the whole reply to a block status command.
func (r *request) appendStatus(b []byte, m mode, ds []descriptor) []byte {
	h := chunkHeader{flags: chunkDone, kind: chunkStatus, cookie: r.cookie, offset: r.offset,
		length: 4 + 8*uint64(len(ds))}
	if m == extended {
		h.kind, h.length = chunkStatusExt, 8+16*uint64(len(ds))
	}
	b = binary.BigEndian.AppendUint32(h.append(b, m), allocationID)
	if m == extended {
		b = binary.BigEndian.AppendUint32(b, uint32(len(ds)))
	}
	for _, d := range ds {
		b = m.appendNumber(b, uint64(d.length))
		b = m.appendNumber(b, uint64(d.state))
	}
	return b
}
