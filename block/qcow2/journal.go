package qcow2

import (
	"encoding/binary"
	"fmt"
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
// may be behind, as with lazy ones, and image and journal name the same session
// (session.go). Where a note can't be written, for want of room say, the image
// is flushed before the write is answered for. Images of version 2 have no such
// marks, and so no journal.
type Journal struct {
	// File holds nothing but the journal. It is closed with the image, and
	// empty then if everything was flushed.
	File block.File
	// Life is another one whenever something that was written to a file and
	// not synced may be lost: made of the system's boot ID, say.
	Life [32]byte
	// Trouble, if set, is called when notes can't be written, and with nil when
	// they can again. It must not wait for anything.
	Trouble func(error)
}

// journal is a Journal at work. Each change of an entry is noted before the write
// that made it is answered for, and Open plays the notes back (replay.go). What
// isn't atomic is guarded by the image's mu.
type journal struct {
	Journal
	session  session
	begun    atomic.Bool // image and journal have the session
	void     atomic.Bool // what notes tell of may be lost
	troubled atomic.Bool
	missing  atomic.Uint64 // the last generation of which a note is missing

	heading sync.Mutex // held while the head is written
	head    [headSize]byte
	retired uint64

	gen     uint64 // of the notes that are made now
	durable uint64
	half    int
	end     [2]int64  // bytes of notes in a half
	newest  [2]uint64 // generation in a half
	pending [2]atomic.Int32
	buffers sync.Pool
}

func newJournal(j *Journal) *journal {
	return &journal{Journal: *j, session: newSession(), gen: 1, buffers: sync.Pool{New: func() any { return new([mostClusters * noteSize]byte) }}}
}

// room is where notes of a generation have their place.
type room struct {
	gen  uint64
	half int
	off  int64
}

// reserve takes room for n notes; mu is held, and what they tell of is changed
// under it, so that a flush which doesn't have the change doesn't void the note.
func (j *journal) reserve(n int) room {
	p := room{j.gen, j.half, halfStart + int64(j.half)*halfSize + j.end[j.half]}
	j.end[j.half] += int64(n) * noteSize
	j.newest[j.half] = j.gen
	j.pending[j.half].Add(1)
	return p
}

// full says whether a flush is due; mu is held.
func (j *journal) full() bool { return j.end[j.half] >= mostNotes }

// noteEntries makes notes of clusters from first on.
func (img *Image) noteEntries(p room, first int64, now []entry) {
	j := img.journal
	buffer := j.buffers.Get().(*[mostClusters * noteSize]byte)
	defer j.buffers.Put(buffer)
	for i := range now {
		n := note{gen: p.gen, place: first + int64(i)}
		img.geo.encode(n.entry[:], now[i])
		n.put(buffer[i*noteSize:], &j.session)
	}
	img.writeNotes(p, buffer[:len(now)*noteSize])
}

// noteTable makes a note of an L2 table.
func (img *Image) noteTable(p room, l1 int, host int64) {
	var b [noteSize]byte
	n := note{gen: p.gen, place: -1 - int64(l1)}
	binary.BigEndian.PutUint64(n.entry[:], uint64(host))
	n.put(b[:], &img.journal.session)
	img.writeNotes(p, b[:])
}

// writeNotes writes notes to where there is room for them. Where that fails, who
// made the change has to flush.
func (img *Image) writeNotes(p room, b []byte) {
	j := img.journal
	defer j.pending[p.half].Add(-1)
	err := img.beginSession()
	if end := halfStart + int64(p.half+1)*halfSize; err == nil && p.off+int64(len(b)) > end {
		err = fmt.Errorf("the journal is full: %w", block.ErrNoSpace)
	} else if err == nil {
		_, err = j.File.WriteAt(b, p.off)
	}
	if err != nil {
		j.miss(p.gen)
	}
	j.tell(err)
}

// miss remembers that a note is missing.
func (j *journal) miss(gen uint64) {
	for {
		was := j.missing.Load()
		if was >= gen || j.missing.CompareAndSwap(was, gen) {
			return
		}
	}
}

// tell tells of trouble that begins or ends.
func (j *journal) tell(err error) {
	if j.troubled.Load() != (err != nil) && j.troubled.CompareAndSwap(err == nil, err != nil) && j.Trouble != nil {
		j.Trouble(err)
	}
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
func (j *journal) retire(gen uint64) error {
	j.heading.Lock()
	defer j.heading.Unlock()
	was := j.retired
	j.retired = gen
	if j.begun.Load() {
		if err := j.writeHead(); err != nil {
			j.retired = was
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	for {
		missing := j.missing.Load()
		if missing == 0 || missing > gen || j.missing.CompareAndSwap(missing, 0) {
			return nil
		}
	}
}

// begin writes the head of a session. The lock isn't held while the image's own
// header is written after it: where that can't be made durable, giveUp takes it.
func (j *journal) begin() error {
	j.heading.Lock()
	defer j.heading.Unlock()
	return j.writeHead()
}

// giveUp makes all notes void, now and later.
func (j *journal) giveUp() {
	j.heading.Lock()
	defer j.heading.Unlock()
	j.void.Store(true)
	if j.begun.Load() {
		_ = j.writeHead()
	}
}
