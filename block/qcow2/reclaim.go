package qcow2

import "context"

// freed is host clusters to which one reference less is held.
type freed struct {
	first, n int64
	epoch    uint // in which the file ceased to refer to them
	table    bool // they held a table
}

// unlink remembers what an old entry referred to and a new one doesn't; mu is
// held.
func (img *Image) unlink(old, now entry) {
	switch {
	case old.packed != 0 && now.packed == 0:
		off, n := img.geo.packedRange(old.packed)
		first := off >> img.geo.clusterBits
		img.giveUp(freed{first: first, n: (off+n-1)>>img.geo.clusterBits - first + 1})
	case old.host != 0 && old.host != now.host:
		img.giveUp(freed{first: old.host >> img.geo.clusterBits, n: 1})
	}
}

// leastBacklog is how many bytes of clusters may at least be given up, but not
// free yet, before a flush frees them; a 64th of the file is, too, where it is
// more.
const leastBacklog = 16 << 20

// backlogged says whether clusters that were given up should be freed.
func (img *Image) backlogged() bool {
	n := img.given.Load() << img.geo.clusterBits
	return n >= leastBacklog && n >= img.counts.virgin.Load()<<img.geo.clusterBits/64
}

// reclaimAll frees what was given up, now, and says whether there was something.
func (img *Image) reclaimAll(ctx context.Context) bool {
	if img.given.Load()+img.late.Load() == 0 || img.alone(ctx) != nil {
		return false
	}
	img.letIn()
	return true
}

// giveUp remembers clusters that may be freed after a flush; mu is held.
func (img *Image) giveUp(f freed) {
	img.unlinked = append(img.unlinked, f)
	img.given.Add(f.n)
}

// reclaim frees what the file doesn't refer to any more and nobody can see.
func (img *Image) reclaim(epoch uint) error {
	kept := img.waiting[:0]
	var first error
	for _, f := range img.waiting {
		if epoch-f.epoch < epochsUntilFree {
			kept = append(kept, f)
			continue
		}
		img.late.Add(-f.n)
		if err := img.counts.drop(f); err != nil && first == nil {
			first = err
		}
	}
	img.waiting = kept
	return first
}
