package pagecache

import "time"

const (
	// region is how much of a file, in bytes, is looked at together for whether
	// it is in memory.
	region = 256 << 10
	// mostRegions is how many regions of a file are remembered.
	mostRegions = 1 << 14
	// believed is how long a region that was in memory is taken to be there.
	believed = 100 * time.Millisecond
	// A region is looked at after so many reads of it, which cost as much: at
	// first, and where it wasn't in memory over and over.
	leastReads, mostReads = 8, 1024
)

// residence remembers which regions of a file are in memory. A region takes the
// place of another that is mostRegions from it.
type residence []visited

// visited is a region that was read.
type visited struct {
	no    int64
	until time.Duration // it is in memory
	reads uint16        // since it was last looked at
	wait  uint16        // as many come before it is looked at again
}

func newResidence(size int64) residence {
	return make(residence, min((size+region-1)/region, mostRegions))
}

// has says whether a region that is read is in memory; look looks.
func (r residence) has(no int64, now time.Duration, look func(no int64) bool) bool {
	v := &r[no%int64(len(r))]
	if v.no != no || v.wait == 0 {
		*v = visited{no: no, wait: leastReads}
	}
	if v.reads < v.wait {
		v.reads++
	}
	if now < v.until {
		return true
	}
	if v.reads < v.wait {
		return false
	}
	v.reads = 0
	if !look(no) {
		v.wait = min(2*v.wait, mostReads)
		return false
	}
	v.wait, v.until = leastReads, now+believed
	return true
}
