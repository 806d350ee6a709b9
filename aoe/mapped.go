package aoe

import (
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/internal/pagecache"
)

// prompt is how long it takes at most to send what is in memory, mostly.
const prompt = 200 * time.Microsecond

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
				t.mapping.Close()
				t.mapping = nil
			}
		}
	}
}

// mapFile maps the file that a disk is, or returns nil if it isn't one, or can't
// be mapped.
func mapFile(d block.Device) *pagecache.Mapping {
	f, ok := d.(block.InFile)
	if !ok {
		return nil
	}
	size := d.Size()
	file, at, ok := f.InFile(0, size)
	if !ok {
		return nil
	}
	return pagecache.Map(file, at, size)
}

// mapped has a read answered from its disk's mapping. It is done, for the
// queue, when it was sent.
func (r *receiver) mapped(t *Target, c *command) bool {
	data := r.inMemory(t, c)
	if data == nil || !t.queue.begin(c) {
		return false
	}
	c.mapped = true
	c.answerAside(r.mac, t)
	r.out.add(t, c, data)
	return true
}

// inMemory is what a read asks for in its disk's mapping, or nil if that isn't
// known to be in memory.
func (r *receiver) inMemory(t *Target, c *command) []byte {
	if c.kind != read || t.mapping == nil || r.stuck.Load() || !t.inside(c) {
		return nil
	}
	if r.now == 0 {
		r.now = time.Since(r.began)
	}
	return t.mapping.Data(int64(c.first)*sector, int64(c.last-c.first)*sector, r.now)
}

// heldUp has mappings rest that were sent from, if that had to wait for pages.
func (r *receiver) heldUp(out *outbox) {
	was := r.fetched
	if r.fetched = pagecache.Fetched(); r.fetched == was {
		return
	}
	now := time.Since(r.began)
	for _, a := range out.answers {
		if a.target.mapping != nil {
			a.target.mapping.Rest(now)
		}
	}
}
