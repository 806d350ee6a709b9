package pagecache

import "time"

// A mapping isn't used for a while after a page of it had to be fetched,
// which tells that the page cache is too small for what is read. It is for
// longer each time that follows soon.
const shortRest, longRest = time.Second, time.Minute

// A Mapping is a part of a file in memory. It is used by one goroutine at a
// time. It has no clock of its own: the times that it is told are those since
// one moment, and don't go back.
type Mapping struct {
	memory []byte // from the page that the part begins in
	skip   int64  // bytes in it before the part
	size   int64  // of the part
	file   int    // descriptor
	end    int64  // of the part, in the file
	cut    bool   // the file ended before that
	pages  []byte // of a region: whether each is in memory
	known  residence

	rested time.Duration // when it is used again
	rest   time.Duration // the last one
}

// Data is n bytes from off, of the part, or nil if they may not be in memory.
func (m *Mapping) Data(off, n int64, now time.Duration) []byte {
	if m.cut || now < m.rested || off < 0 || n <= 0 || off > m.size-n {
		return nil
	}
	from := m.skip + off
	for no := from / region; no <= (from+n-1)/region; no++ {
		if !m.known.has(no, now, m.look) {
			return nil
		}
	}
	return m.memory[from : from+n : from+n]
}

// look asks the kernel whether a region is in memory.
func (m *Mapping) look(no int64) bool {
	return resident(m.memory[no*region:min((no+1)*region, int64(len(m.memory)))], m.pages)
}

// Rest tells that a page had to be fetched: there is no Data for a while, if
// there is any now.
func (m *Mapping) Rest(now time.Duration) {
	if now < m.rested {
		return
	}
	if now > m.rested+longRest {
		m.rest = 0
	}
	m.rest = min(max(2*m.rest, shortRest), longRest)
	m.rested = now + m.rest
}

// Whole says whether the file is as long as it was; what Data gave is good only
// then. In a page that a file ends in, what was cut off reads as zeros rather
// than failing; so of a file that was cut there is never any Data again.
func (m *Mapping) Whole() bool {
	if !m.cut {
		m.cut = fileEnd(m.file) < m.end
	}
	return !m.cut
}
