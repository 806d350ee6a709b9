package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
)

// A file is frames, one for each commit; the first has all records of its time.
// A frame is the file's mark, the length of the body, a checksum of all that and
// of the frame's place, and the body: the store's revision, and the records that
// were written or removed. The mark is random: no other file has it, nor a value.
const (
	version      = "Spur1\n" // how a mark begins
	markSize     = len(version) + 26
	headSize     = markSize + 8 + 8
	revisionSize = 8
	recordSize   = 8 + 8 + 4 + 4 // revision, end of its time, lengths of key and value
	slack        = 1 << 20
)

var errDamaged = errors.New("inconsistent records")

// contents are what is in a file.
type contents struct {
	mark     string
	end      int64 // of the last whole frame; 0: there is none
	grown    int64 // the size from which on most may be of no use any more
	revision int64
	records  map[string]stored
}

// frame returns the next frame.
func (c *contents) frame(revision int64, records map[string]stored) []byte {
	body := binary.BigEndian.AppendUint64(nil, uint64(revision))
	for _, s := range records {
		body = binary.BigEndian.AppendUint64(body, uint64(s.Revision)) // 0: removed
		body = binary.BigEndian.AppendUint64(body, uint64(s.expires))
		body = binary.BigEndian.AppendUint32(body, uint32(len(s.Key)))
		body = binary.BigEndian.AppendUint32(body, uint32(len(s.Value)))
		body = append(append(body, s.Key...), s.Value...)
	}
	return append(c.head(body), body...)
}

func (c *contents) head(body []byte) []byte {
	table := crc64.MakeTable(crc64.ECMA)
	head := binary.BigEndian.AppendUint64([]byte(c.mark), uint64(len(body)))
	sum := crc64.Checksum(binary.BigEndian.AppendUint64(head, uint64(c.end)), table)
	return binary.BigEndian.AppendUint64(head, crc64.Update(sum, table, body))
}

// passed goes on behind a frame of n bytes.
func (c *contents) passed(n int) {
	if c.end == 0 {
		c.grown = 2*int64(n) + slack
	}
	c.end += int64(n)
}

// read reads a file. A frame is durable before the next one is written: so what
// is behind the last whole one was cut off by a crash and never acknowledged,
// unless another one begins there. Damage to the last frame, or to all from one
// on, looks like a crash: Close writes a frame without records, to be the last.
// A file that ends between two frames looks sound.
func read(b []byte) (contents, error) {
	c := contents{mark: string(b[:min(markSize, len(b))]), records: map[string]stored{}}
	for body := c.body(b); body != nil; body = c.body(b) {
		if !c.take(body) {
			return c, fmt.Errorf("%w: the frame at byte %d makes no sense", errDamaged, c.end)
		}
		c.passed(headSize + len(body))
	}
	if tail := b[c.end:]; c.end > 0 && len(tail) > 0 && bytes.Contains(tail[1:], []byte(c.mark)) {
		return c, fmt.Errorf("%w: the frame at byte %d is bad, and not the last", errDamaged, c.end)
	}
	return c, nil
}

// body returns that of the next frame of a file, nil if the frame is bad.
func (c *contents) body(file []byte) []byte {
	b := file[c.end:]
	if len(b) < headSize+revisionSize {
		return nil
	}
	length := binary.BigEndian.Uint64(b[markSize:])
	body := b[headSize:][:min(max(length, revisionSize), uint64(len(b)-headSize))]
	if !bytes.Equal(b[:headSize], c.head(body)) {
		return nil
	}
	return body
}

// take makes the changes of a frame.
func (c *contents) take(b []byte) bool {
	was := c.revision
	c.revision = int64(binary.BigEndian.Uint64(b))
	for b = b[revisionSize:]; len(b) >= recordSize; {
		s := stored{expires: int64(binary.BigEndian.Uint64(b[8:]))}
		s.Revision = int64(binary.BigEndian.Uint64(b))
		key, value := uint64(binary.BigEndian.Uint32(b[16:])), uint64(binary.BigEndian.Uint32(b[20:]))
		if b = b[recordSize:]; key+value > uint64(len(b)) {
			return false
		}
		s.Key, s.Value = string(b[:key]), bytes.Clone(b[key:key+value])
		s.change(c.records)
		b = b[key+value:]
	}
	return len(b) == 0 && c.revision >= was
}

// change puts a record among others, or removes it.
func (s stored) change(records map[string]stored) {
	if s.Revision == 0 {
		delete(records, s.Key)
	} else {
		records[s.Key] = s
	}
}
