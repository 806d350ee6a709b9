package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// The journal's file: a head, and two halves for notes, which are taken by
// turns: one fills while the flush that makes the other void is under way. All
// numbers are little endian. The checksum of a note covers the session, too.
//
//	head: magic 8, life 32, session 16, durable 8, checksum 4
//	note: generation 8, place 8, entry 16, checksum 4, zeros 4
//
// A place is a guest cluster, with its L2 entry, or, negative, -1-i for the i-th
// L1 entry. Notes of generations up to durable are in the image.
const (
	journalMagic = "spur\x00qj2"
	headSize     = 68
	noteSize     = 40
	halfStart    = 4096
	halfSize     = 16 << 20

	// mostNotes is how many bytes of notes there are at most before a flush.
	mostNotes = 2 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// note says what became of a place.
type note struct {
	gen   uint64
	place int64
	entry [16]byte
}

func (n *note) put(b []byte, s *session) {
	le := binary.LittleEndian
	le.PutUint64(b, n.gen)
	le.PutUint64(b[8:], uint64(n.place))
	copy(b[16:32], n.entry[:])
	le.PutUint64(b[32:], uint64(s.checksum(b[:32])))
}

func (n *note) parse(b []byte, s *session) bool {
	le := binary.LittleEndian
	n.gen, n.place, n.entry = le.Uint64(b), int64(le.Uint64(b[8:])), [16]byte(b[16:32])
	return n.gen != 0 && le.Uint64(b[32:]) == uint64(s.checksum(b[:32]))
}

// writeHead writes the head; heading is held.
func (j *journal) writeHead() error {
	b := append(append(j.head[:0], journalMagic...), j.Life[:]...)
	b = append(b, j.session[:]...)
	b = binary.LittleEndian.AppendUint64(b, j.retired)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if j.void.Load() {
		clear(b)
	}
	_, err := j.File.WriteAt(b, 0)
	return err
}

// saved is what a journal's file has.
type saved struct {
	life    [32]byte
	session session
	durable uint64
}

// readHead reads the head, and says whether there is one.
func (j *Journal) readHead() (s saved, is bool, err error) {
	var head [headSize]byte
	if n, err := j.File.ReadAt(head[:], 0); n < headSize {
		if err == nil || errors.Is(err, io.EOF) {
			return saved{}, false, nil
		}
		return saved{}, false, fmt.Errorf("read the journal: %w", err)
	}
	le := binary.LittleEndian
	if string(head[:8]) != journalMagic || le.Uint32(head[64:]) != crc32.Checksum(head[:64], castagnoli) {
		return saved{}, false, nil
	}
	return saved{[32]byte(head[8:40]), session(head[40:56]), le.Uint64(head[56:])}, true, nil
}

// readNotes returns the notes that are not in the image, in the order in which
// they were made.
func (j *Journal) readNotes(s saved) ([]note, error) {
	size, err := j.File.Size()
	if err != nil {
		return nil, fmt.Errorf("size of the journal: %w", err)
	}
	var notes [2][]note
	for half := range notes {
		from := int64(halfStart + half*halfSize)
		if notes[half], err = j.readHalf(&s, from, min(size-from, halfSize)); err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
	}
	a, b := notes[0], notes[1]
	if len(a) > 0 && len(b) > 0 && a[0].gen > b[0].gen {
		a, b = b, a
	}
	return append(a, b...), nil
}

// readHalf reads the notes of a half. There are gaps: a write that was under
// way when the process was killed may be missing while later ones are there.
func (j *Journal) readHalf(s *saved, from, n int64) ([]note, error) {
	var notes []note
	chunk := make([]byte, 1024*noteSize)
	for at := int64(0); at+noteSize <= n; {
		b := chunk[:min(int64(len(chunk)), (n-at)/noteSize*noteSize)]
		if err := readFull(j.File, b, from+at); err != nil {
			return nil, err
		}
		for i := 0; i < len(b); i += noteSize {
			var one note
			if one.parse(b[i:], &s.session) && one.gen > s.durable {
				notes = append(notes, one)
			}
		}
		at += int64(len(b))
	}
	return notes, nil
}
