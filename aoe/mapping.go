package aoe

import "time"

const (
	// prompt is how long it takes at most to send what is in memory, mostly.
	prompt = 200 * time.Microsecond
	// A mapping isn't used for a while after a page of it had to be fetched,
	// which tells that the page cache is too small for what is read. It is for
	// longer each time that follows soon.
	shortRest, longRest = time.Second, time.Minute
)

// A mapping is the file of a disk in memory (mmap(2)). A read whose data is in
// the page cache is answered from there: the kernel copies it straight into the
// frame.
//
// Only the kernel may touch the memory. A page that isn't there any more,
// because the file was cut or its disk failed, would kill the process
// (SIGBUS); of the kernel it is an error of sending (EFAULT), and that the
// device is asked after all says what is wrong. A page that has to be fetched
// holds up what is sent with it, so only what was in memory a moment ago is sent
// like that.
type mapping struct {
	memory []byte // from the page that the disk begins in
	skip   int64  // bytes in it before the disk
	size   int64  // of the disk
	file   int    // descriptor
	end    int64  // of the disk in the file
	cut    bool   // the file ended before that
	pages  []byte // of a region: whether each is in memory
	known  residence

	rested time.Duration // when it is used again
	rest   time.Duration // the last one
}

// data is n bytes of the disk from off, or nil if they may not be in memory.
func (m *mapping) data(off, n int64, now time.Duration) []byte {
	if m == nil || m.cut || now < m.rested || n <= 0 || off > m.size-n {
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
func (m *mapping) look(no int64) bool {
	return resident(m.memory[no*region:min((no+1)*region, int64(len(m.memory)))], m.pages)
}

// fetched tells that a page had to be fetched.
func (m *mapping) fetched(now time.Duration) {
	if now > m.rested+longRest {
		m.rest = 0
	}
	m.rest = min(max(2*m.rest, shortRest), longRest)
	m.rested = now + m.rest
}

// whole says whether the file is as long as it was. In a page that a file ends
// in, what was cut off reads as zeros rather than failing; so a file that was
// cut is never read by its mapping again.
func (m *mapping) whole() bool {
	if !m.cut {
		m.cut = fileEnd(m.file) < m.end
	}
	return !m.cut
}

// mapFiles maps the files that targets' disks are as they are.
func (v *service) mapFiles() (unmap func()) {
	for _, t := range v.server.Targets {
		if v.gathers != nil {
			t.mapping = mapFile(t.Device)
		}
	}
	return func() {
		for _, t := range v.server.Targets {
			if t.mapping != nil {
				unmapFile(t.mapping)
				t.mapping = nil
			}
		}
	}
}
