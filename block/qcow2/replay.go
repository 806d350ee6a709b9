package qcow2

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// replay brings the notes of a journal to the image, whose counts are right.
func (img *Image) replay(ctx context.Context, notes []note) error {
	last, err := img.lastNotes(notes)
	if err == nil {
		err = img.playBack(ctx, last)
	}
	if errors.Is(err, errUnfit) {
		img.lost = err
		return nil
	}
	if err != nil {
		return fmt.Errorf("bring back what was written before the image was left: %w", err)
	}
	img.recovered = len(last.entries)
	return nil
}

// errUnfit: notes tell of what can't be, so that they can't be of this image.
var errUnfit = errors.New("its journal doesn't fit it")

// places that notes tell of, with the last that they tell.
type played struct {
	entries map[int64]entry
	tables  map[int]int64 // where L2 tables were put
}

func (img *Image) lastNotes(notes []note) (played, error) {
	p := played{map[int64]entry{}, map[int]int64{}}
	for _, n := range notes {
		if i := -1 - n.place; n.place < 0 && i < int64(len(img.l1)) {
			p.tables[int(i)] = int64(binary.BigEndian.Uint64(n.entry[:]))
			continue
		}
		e, err := img.geo.decode(n.entry[:])
		if err != nil || e.packed != 0 || n.place < 0 || n.place >= img.geo.clusters(img.Size()) {
			return p, errUnfit
		}
		p.entries[n.place] = e
	}
	return p, nil
}

// playBack puts the L2 tables where they were, so that this takes no space, and
// makes the entries what the notes say.
func (img *Image) playBack(ctx context.Context, p played) error {
	fresh, err := img.freshHosts(ctx, p)
	if err != nil {
		return err
	}
	if err := img.countHosts(fresh); err != nil {
		return err
	}
	for i, host := range p.tables {
		if img.tableAt(i) == host {
			continue
		}
		if err := img.putTable(i, host); err != nil {
			return err
		}
	}
	img.unsynced.Store(true) // the data may be in the system's memory only
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	for _, cluster := range slices.Sorted(maps.Keys(p.entries)) {
		if err := img.begin(ctx, sc, cluster, cluster); err != nil {
			return err
		}
		err := img.publish(cluster, sc.old[:1], []entry{p.entries[cluster]})
		img.unlockRange(&sc.lock)
		if err != nil {
			return err
		}
	}
	return nil
}

// tableAt is where the i-th L2 table is, or 0.
func (img *Image) tableAt(i int) int64 { return int64(img.l1[i] & offsetMask) }

// freshHosts are the host clusters that notes tell of and the file doesn't know
// of yet, in order.
func (img *Image) freshHosts(ctx context.Context, p played) ([]int64, error) {
	census, err := img.takeCensus(ctx, &Report{})
	if err != nil {
		return nil, err
	}
	f := finding{img: img, census: census, seen: map[int64]bool{}}
	for i, host := range p.tables {
		if err := f.host(host, true, img.tableAt(i) == host); err != nil {
			return nil, err
		}
	}
	for cluster, now := range p.entries {
		if now.host == 0 {
			continue
		}
		var old [1]entry
		if err := img.entries(old[:], cluster); err != nil {
			return nil, err
		}
		if err := f.host(now.host, now.copied, old[0].host == now.host); err != nil {
			return nil, err
		}
	}
	// Refcount blocks that the file doesn't know of come to lie where they did
	// before.
	for i := range img.counts.tableLen {
		if first := i * img.counts.perBlock(); f.seen[first] && img.counts.block(first) == 0 {
			return nil, errUnfit
		}
	}
	slices.Sort(f.fresh)
	return f.fresh, nil
}

// finding is the work of freshHosts.
type finding struct {
	img    *Image
	census *census
	seen   map[int64]bool
	fresh  []int64
}

// host judges a host cluster that a note names. same: the file says the same.
func (f *finding) host(off int64, copied, same bool) error {
	g := &f.img.geo
	host := off >> g.clusterBits
	used := f.census.tally.get(host)
	switch {
	case off <= 0 || off&(g.cluster-1) != 0 || f.seen[host] || host >= f.census.limit:
		return errUnfit
	case !copied && !same, copied && same && used != 1, copied && !same && used != 0:
		return errUnfit
	}
	f.seen[host] = true
	if !same {
		f.fresh = append(f.fresh, host)
	}
	return nil
}

// countHosts takes host clusters out of those that are free.
func (img *Image) countHosts(hosts []int64) error {
	r := &img.counts
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, host := range hosts {
		for i := range host/r.perBlock() + 1 {
			if r.block(i*r.perBlock()) != 0 {
				continue
			}
			if err := r.addBlock(i); err != nil {
				return err
			}
		}
		if err := r.set(host, 1); err != nil {
			return err
		}
	}
	return nil
}

// ErrUnplayed is why an image can't be opened only to be read: what was written
// to it last is known to its journal alone.
var ErrUnplayed = errors.New("the journal has writes that the image doesn't; open it for writing once")

// findLost finds what an image that is only to be read lacks, and refuses it
// where its journal, here or elsewhere, may have that.
func (img *Image) findLost() error {
	if !img.opts.ReadOnly {
		return nil
	}
	notes, lost, err := img.left()
	switch {
	case err != nil:
		img.lost = err
	case len(notes) > 0:
		img.lost = ErrUnplayed
	default:
		img.lost = lost
	}
	if img.opts.Lossy || img.header.incompat&incompatCorrupt != 0 {
		return nil // of one that is corrupt is read what can be
	}
	switch {
	case err != nil || errors.Is(img.lost, ErrUnplayed):
		return img.lost
	case errors.Is(lost, ErrNoJournal), errors.Is(lost, ErrOtherSession):
		return fmt.Errorf("what was written last may be missing: %w", lost)
	}
	return nil
}

// Unjournaled is why what is written may not outlive this process although there
// is a Journal; nil where it does, or there is none.
func (img *Image) Unjournaled() error {
	if img.opts.ReadOnly || img.opts.Journal == nil || img.journal != nil {
		return nil
	}
	return img.journalable()
}

// Recovered is how many clusters Open has brought back from the journal.
func (img *Image) Recovered() int { return img.recovered }

// Lost is why Open could not bring back what was written before the image was
// left, so that what wasn't flushed may be missing; nil if nothing is. With
// ReadOnly, which brings nothing back, it can be ErrUnplayed.
func (img *Image) Lost() error { return img.lost }
