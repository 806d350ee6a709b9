package blocktest

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// Crash returns a file as a loss of power might have left it after the first n
// changes of the record (Len for all). What a Sync among them covered is there.
// Of each later change every sector may be there or not, whatever the order
// they were made in; only on one sector a later change never is there without
// the earlier ones, because a file has one page of memory for it. The length of
// the file, too, is any that it had since the Sync. The same seed gives the
// same file.
//
// The result is the caller's. It costs least when n grows from call to call.
func (r *Recorder) Crash(n int, seed uint64) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.log[:min(n, len(r.log))]
	synced := 0
	for i, c := range slices.Backward(log) {
		if c.Kind == Sync {
			synced = i + 1
			break
		}
	}
	image := bytes.Clone(r.baseUpTo(synced))
	l := &loss{
		rand:    rand.New(rand.NewPCG(seed, uint64(n))),
		image:   image,
		pending: ranged(int64(len(image)), log[synced:]),
		cut:     make(map[int64]int),
	}
	return l.crashed()
}

// baseUpTo returns the file after the first n changes.
func (r *Recorder) baseUpTo(n int) []byte {
	if n < r.baseAt {
		r.base, r.baseAt = bytes.Clone(r.start), 0
	}
	for _, c := range r.log[r.baseAt:n] {
		r.base = resize(r.base, c.size)
		c.apply(r.base, 0, largest)
	}
	r.baseAt = n
	return r.base
}

// loss decides what survives of the changes that were not synced.
type loss struct {
	rand    *rand.Rand
	image   []byte // at first what was synced
	pending []change
	cut     map[int64]int // per sector, how many of the pending changes reached it
	pick    func() int    // the cut of a sector that has none yet
	dropped []bool        // changes that were lost whole, if it goes by those
}

func (l *loss) crashed() []byte {
	l.choose()
	size := l.size()
	longest := max(int64(len(l.image)), size)
	for _, c := range l.pending {
		longest = max(longest, c.size)
	}
	image := resize(l.image, longest)
	for i, c := range l.pending {
		l.reach(image, i, c)
	}
	return resize(image, size)
}

// ranged gives each truncation the range that it made zero.
func ranged(size int64, log []change) []change {
	log = slices.Clone(log)
	for i, c := range log {
		if c.Kind == Truncate {
			log[i].Offset, log[i].Length = c.size, max(0, size-c.size)
		}
		size = c.size
	}
	return log
}

// choose picks one of the ways in which power is lost.
func (l *loss) choose() {
	n := len(l.pending)
	share := []int{1, 3, 9}[l.rand.IntN(3)] // in ten
	switch l.rand.IntN(6) {
	case 0: // nothing was written out
		l.pick = func() int { return 0 }
	case 1: // all was
		l.pick = func() int { return n }
	case 2: // in order, the last one torn
		at := l.rand.IntN(n + 1)
		l.pick = func() int { return min(n, at+l.rand.IntN(2)) }
	case 3, 4: // some changes whole, others not at all
		l.dropped = make([]bool, n)
		for i := range l.dropped {
			l.dropped[i] = l.rand.IntN(10) >= share
		}
		l.pick = func() int { return n }
	case 5: // each sector as it likes
		l.pick = func() int {
			if l.rand.IntN(10) < share {
				return n
			}
			return l.rand.IntN(n + 1)
		}
	}
}

// size is a length that the file had, at least the one that a durable write
// needs.
func (l *loss) size() int64 {
	cut := l.pick()
	if l.dropped != nil {
		cut = l.rand.IntN(len(l.pending) + 1)
	}
	for i, c := range l.pending {
		if c.Kind == WriteDurable {
			cut = max(cut, i+1)
		}
	}
	if cut == 0 {
		return int64(len(l.image))
	}
	return l.pending[cut-1].size
}

// reach makes the sectors of the i-th change that survived.
func (l *loss) reach(image []byte, i int, c change) {
	for at := c.Offset &^ (sector - 1); at < c.Offset+c.Length; at += sector {
		cut, known := l.cut[at]
		if !known {
			cut = l.pick()
		}
		if l.dropped != nil && l.dropped[i] {
			cut = min(cut, i)
		}
		if c.Kind == WriteDurable {
			cut = l.catchUp(image, at, i)
		}
		l.cut[at] = cut
		if i < cut {
			c.apply(image, at, at+sector)
		}
	}
}

// catchUp makes on a sector the earlier changes that had not reached it: a
// durable write is of the whole sector, as it then reads.
func (l *loss) catchUp(image []byte, at int64, i int) int {
	cut, known := l.cut[at]
	if known && cut <= i {
		for _, c := range l.pending[cut:i] {
			c.apply(image, at, at+sector)
		}
	}
	return max(i+1, l.pick())
}
