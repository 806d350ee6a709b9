package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
)

// Journal is where an image notes which clusters were written since the last
// flush, so that a process that is killed loses nothing of what it has
// answered for: tables reach the image in Flush, but what was written to a
// file stays when its writer dies. The next Open with the same Journal plays
// the notes back. A loss of power is another matter. Then notes may be there
// without the data that they tell of, so they are void in another Life.
//
// A note costs one small write for each write that allocates, and no Sync. As
// long as there may be notes, the image is marked as one whose reference counts
// may be behind, as with lazy ones. So notes are void, too, once something else
// has written to the image, or put another in its place. Images of version 2
// have no such mark, and so no journal.
type Journal struct {
	// File holds nothing but the journal. It is closed with the image, and
	// empty then if everything was flushed.
	File block.File
	// Life is another one whenever something that was written to a file and
	// not synced may be lost, or the image be another one: made of the
	// system's boot ID and what tells the image's file from others, say.
	Life [32]byte
}

// The journal's file: a head of 4 KiB, and two halves for notes, which are
// taken by turns: one fills while the flush that makes the other void is under
// way. All numbers are little endian.
//
//	head: magic 8, life 32, durable 8, checksum 4
//	note: generation 8, guest cluster 8, L2 entry 16, checksum 4, zeros 4
//
// Notes of generations up to durable are in the image.
const (
	journalMagic = "spur\x00qj1"
	headSize     = 52
	noteSize     = 40
	halfStart    = 4096
	halfSize     = 16 << 20

	// mostNotes is how many bytes of notes there are at most before a flush.
	mostNotes = 2 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journal is a Journal at work. What isn't atomic is guarded by the image's mu.
type journal struct {
	Journal
	heading sync.Mutex // held while the head is written
	head    [headSize]byte
	broken  atomic.Bool // it can't be written, and is void
	gen     uint64      // of the notes that are made now
	durable uint64
	half    int
	end     [2]int64  // bytes of notes in a half
	newest  [2]uint64 // generation in a half
	pending [2]atomic.Int32
	buffers sync.Pool
}

// note says what became of a guest cluster.
type note struct {
	gen     uint64
	cluster int64
	entry   [16]byte
}

func newJournal(j *Journal) *journal {
	return &journal{Journal: *j, gen: 1, buffers: sync.Pool{New: func() any { return new([mostClusters * noteSize]byte) }}}
}

// place is room for notes of a generation.
type place struct {
	gen  uint64
	half int
	off  int64
}

// reserve takes room for n notes; mu is held, and the clusters are changed
// under it, so that a flush which doesn't have the change doesn't void the note.
func (j *journal) reserve(n int) place {
	p := place{j.gen, j.half, halfStart + int64(j.half)*halfSize + j.end[j.half]}
	j.end[j.half] += int64(n) * noteSize
	j.newest[j.half] = j.gen
	j.pending[j.half].Add(1)
	return p
}

// full says whether a flush is due; mu is held.
func (j *journal) full() bool { return j.end[j.half] >= mostNotes }

// write makes notes of clusters from first on.
func (j *journal) write(p place, g *geometry, first int64, now []entry) {
	defer j.pending[p.half].Add(-1)
	if j.broken.Load() {
		return
	}
	buffer := j.buffers.Get().(*[mostClusters * noteSize]byte)
	defer j.buffers.Put(buffer)
	for i := range now {
		n := note{gen: p.gen, cluster: first + int64(i)}
		g.encode(n.entry[:], now[i])
		n.put(buffer[i*noteSize:])
	}
	b := buffer[:len(now)*noteSize]
	var err error
	if end := halfStart + int64(p.half+1)*halfSize; p.off+int64(len(b)) > end {
		err = block.ErrNoSpace
	} else {
		_, err = j.File.WriteAt(b, p.off)
	}
	if err != nil {
		j.void()
	}
}

// void gives the journal up: notes of some changes and not of others would
// bring back what was overwritten. Flushed bytes are safe without it.
func (j *journal) void() {
	j.heading.Lock()
	defer j.heading.Unlock()
	j.broken.Store(true)
	_ = j.File.Truncate(0) // notes without a head are void as well
}

func (n *note) put(b []byte) {
	le := binary.LittleEndian
	le.PutUint64(b, n.gen)
	le.PutUint64(b[8:], uint64(n.cluster))
	copy(b[16:32], n.entry[:])
	le.PutUint64(b[32:], uint64(crc32.Checksum(b[:32], castagnoli)))
}

func (n *note) parse(b []byte) bool {
	le := binary.LittleEndian
	n.gen, n.cluster, n.entry = le.Uint64(b), int64(le.Uint64(b[8:])), [16]byte(b[16:32])
	return n.gen != 0 && le.Uint64(b[32:]) == uint64(crc32.Checksum(b[:32], castagnoli))
}

// turn begins a new generation, in the other half if that is void, and returns
// the one that the flush which begins now will make durable; mu is held.
func (j *journal) turn() uint64 {
	flushed := j.gen
	j.gen++
	if other := 1 - j.half; j.newest[other] <= j.durable && j.pending[other].Load() == 0 {
		j.half, j.end[other] = other, 0
	}
	return flushed
}

// retire makes notes up to a generation void.
func (j *journal) retire(gen uint64) {
	if err := j.writeHead(gen); err != nil {
		j.void()
	}
}

func (j *journal) writeHead(durable uint64) error {
	j.heading.Lock()
	defer j.heading.Unlock()
	if j.broken.Load() {
		return nil
	}
	b := append(append(j.head[:0], journalMagic...), j.Life[:]...)
	b = binary.LittleEndian.AppendUint64(b, durable)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := j.File.WriteAt(b, 0)
	return err
}

// read returns the notes that aren't void, in the order in which they were
// made.
func (j *journal) read() ([]note, error) {
	size, err := j.File.Size()
	if err != nil {
		return nil, fmt.Errorf("size of the journal: %w", err)
	}
	var head [headSize]byte
	if n, err := j.File.ReadAt(head[:], 0); n < headSize {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	le := binary.LittleEndian
	if string(head[:8]) != journalMagic || [32]byte(head[8:40]) != j.Life || le.Uint32(head[48:]) != crc32.Checksum(head[:48], castagnoli) {
		return nil, nil
	}
	j.durable = le.Uint64(head[40:])
	var notes [2][]note
	for half := range notes {
		from := int64(halfStart + half*halfSize)
		if notes[half], err = j.readHalf(from, min(size-from, halfSize)); err != nil {
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
func (j *journal) readHalf(from, n int64) ([]note, error) {
	var notes []note
	chunk := make([]byte, 1024*noteSize)
	for at := int64(0); at+noteSize <= n; {
		b := chunk[:min(int64(len(chunk)), (n-at)/noteSize*noteSize)]
		if err := readFull(j.File, b, from+at); err != nil {
			return nil, err
		}
		for i := 0; i < len(b); i += noteSize {
			var one note
			if one.parse(b[i:]) && one.gen > j.durable {
				notes = append(notes, one)
			}
		}
		at += int64(len(b))
	}
	return notes, nil
}
