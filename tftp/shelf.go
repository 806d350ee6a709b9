package tftp

import (
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A shelf is where transfers find what others have just read of the same file.
// Machines that are switched on together ask for the same blocks at nearly the
// same time: what the first has read, the others send from the same memory, so
// that a crowd reads a file once, and what it sends is in the processor's caches.
type shelf struct {
	now    func() time.Time
	mu     sync.Mutex // guards what follows: titles, and who has which of their pieces
	titles map[edition]*title
}

// An edition is a file as it was when a transfer began, cut in one way. A file
// that changes is another edition for whoever begins after that.
type edition struct {
	device, inode    uint64
	modified, change syscall.Timespec
	size             int64
	blockSize, count int
}

// A title is an edition that is being read.
type title struct {
	shelf   *shelf
	edition edition
	bytes   int // of a piece
	readers int
	pieces  map[uint64]*piece // by number, from 0
	idle    []*piece          // of them those that nobody has in hand; the longest at rest first
}

// A piece is consecutive packets of a file. Once it is filled nobody writes to
// it while somebody has it in hand.
type piece struct {
	memory []byte
	number uint64
	first  uint64 // block
	held   int    // blocks; 0 while it is blank
	hands  int    // readers that have it in hand
}

func (p *piece) has(block uint64) bool {
	return p != nil && block >= p.first && block < p.first+uint64(p.held)
}

const (
	// mostIdle bounds the pieces of a title that nobody has in hand; there are
	// no more of them than other readers either.
	mostIdle = 64
	// settled is how old a change of a file must be before its pieces are
	// shared: a second change within the same tick of the file system's clock
	// would make another edition that can't be told from the first.
	settled = 2 * time.Second
)

func newShelf() *shelf { return &shelf{now: time.Now, titles: map[edition]*title{}} }

// join begins to read a file. What can't be told from others has one reader.
func (s *shelf) join(from io.ReaderAt, l layout, count int) *title {
	e, known := editionOf(from, s.now())
	e.size, e.blockSize, e.count = l.size, l.blockSize, count
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.titles[e]
	if t == nil || !known {
		t = &title{shelf: s, edition: e, bytes: count * l.stride, pieces: map[uint64]*piece{}}
	}
	if known {
		s.titles[e] = t
	}
	t.readers++
	return t
}

// editionOf says which file one is, if it is one of the host's, and settled.
func editionOf(from io.ReaderAt, now time.Time) (edition, bool) {
	file, ok := from.(*os.File)
	if !ok {
		return edition{}, false
	}
	info, err := file.Stat()
	if err != nil {
		return edition{}, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || now.Sub(time.Unix(stat.Ctim.Unix())) < settled {
		return edition{}, false
	}
	return edition{device: stat.Dev, inode: stat.Ino, modified: stat.Mtim, change: stat.Ctim}, true
}

// turn lays a piece down, if it isn't nil, and takes the one with this number in
// hand: where there is none, a blank one, which the caller fills.
func (t *title) turn(old *piece, number uint64) *piece {
	t.shelf.mu.Lock()
	defer t.shelf.mu.Unlock()
	t.lay(old)
	p := t.pieces[number]
	if p == nil {
		return t.blank(old)
	}
	if p.hands++; p.hands == 1 {
		t.idle = slices.DeleteFunc(t.idle, func(other *piece) bool { return other == p })
	}
	return p
}

// blank is a piece to fill: old if nobody else can have use of it, the one that
// has rested longest, or a new one.
func (t *title) blank(old *piece) *piece {
	p := old
	switch {
	case old != nil && old.hands == 0 && !t.knows(old):
	case len(t.idle) > t.mostIdle():
		p = t.idle[0]
		t.forget()
	default:
		p = &piece{memory: make([]byte, t.bytes)}
	}
	p.hands, p.held = 1, 0
	return p
}

// share tells others of a piece that was filled, unless one of them was faster.
func (t *title) share(p *piece) {
	t.shelf.mu.Lock()
	defer t.shelf.mu.Unlock()
	if t.pieces[p.number] == nil {
		t.pieces[p.number] = p
	}
}

// leave ends the reading of somebody who has p in hand.
func (t *title) leave(p *piece) {
	t.shelf.mu.Lock()
	defer t.shelf.mu.Unlock()
	t.lay(p)
	t.readers--
	for len(t.idle) > t.mostIdle() {
		t.forget()
	}
	if t.readers == 0 && t.shelf.titles[t.edition] == t {
		delete(t.shelf.titles, t.edition)
	}
}

// knows says whether others may find p; one that somebody else was faster with
// is its reader's alone.
func (t *title) knows(p *piece) bool { return t.pieces[p.number] == p }

func (t *title) lay(p *piece) {
	if p == nil {
		return
	}
	if p.hands--; p.hands == 0 && t.knows(p) {
		t.idle = append(t.idle, p)
	}
}

// forget drops the piece that has rested longest.
func (t *title) forget() {
	delete(t.pieces, t.idle[0].number)
	t.idle = slices.Delete(t.idle, 0, 1)
}

func (t *title) mostIdle() int { return max(0, min(t.readers-1, mostIdle)) }
