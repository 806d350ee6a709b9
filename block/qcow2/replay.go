package qcow2

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// replay brings the notes of a journal to the image, and begins a new journal.
// Notes of an image that is clean, or that don't fit, are void: something else
// has written to it.
func (img *Image) replay(ctx context.Context, dirty bool) error {
	j := newJournal(img.opts.Journal)
	notes, err := j.read()
	if err != nil {
		return err
	}
	if dirty && len(notes) > 0 {
		if err := img.playBack(ctx, notes); err != nil {
			return fmt.Errorf("bring back what was written before the image was left: %w", err)
		}
	}
	if len(notes) > 0 {
		j.durable = notes[len(notes)-1].gen
	}
	j.gen = j.durable + 1
	// In this order: a head with nothing behind it is an empty journal.
	if err := j.File.Truncate(0); err != nil {
		return fmt.Errorf("empty the journal: %w", err)
	}
	if err := j.writeHead(j.durable); err != nil {
		return fmt.Errorf("begin a journal: %w", err)
	}
	img.journal = j
	return nil
}

// playBack makes the entries what the last note of each cluster says.
func (img *Image) playBack(ctx context.Context, notes []note) error {
	last := map[int64]entry{}
	for _, n := range notes {
		e, err := img.geo.decode(n.entry[:])
		if err != nil || e.packed != 0 || n.cluster < 0 || n.cluster >= img.geo.clusters(img.Size()) {
			return nil
		}
		last[n.cluster] = e
	}
	fresh, err := img.freshHosts(ctx, last)
	if err != nil || fresh == nil {
		return err
	}
	if err := img.countHosts(fresh); err != nil {
		return err
	}
	img.unsynced.Store(true) // the data may be in the system's memory only
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	for _, cluster := range slices.Sorted(maps.Keys(last)) {
		if err := img.begin(ctx, sc, cluster, cluster); err != nil {
			return err
		}
		err := img.publish(cluster, sc.old[:1], []entry{last[cluster]})
		img.release(&sc.claim)
		if err != nil {
			return err
		}
	}
	img.recovered = len(last)
	return img.Flush(ctx)
}

// freshHosts are the host clusters that entries have and the file doesn't know
// of yet, in order. nil: the entries don't fit the file.
func (img *Image) freshHosts(ctx context.Context, last map[int64]entry) ([]int64, error) {
	census, err := img.takeCensus(ctx, &Report{})
	if err != nil {
		return nil, err
	}
	fresh := []int64{}
	seen := map[int64]bool{}
	for cluster, now := range last {
		if now.host == 0 {
			continue
		}
		var old [1]entry
		if err := img.entries(old[:], cluster); err != nil {
			return nil, err
		}
		host := now.host >> img.geo.clusterBits
		used, same := census.tally.get(host), old[0].host == now.host
		switch {
		case seen[host], host >= census.limit:
			return nil, nil
		case !now.copied && !same, now.copied && same && used != 1, now.copied && !same && used != 0:
			return nil, nil
		}
		seen[host] = true
		if !same {
			fresh = append(fresh, host)
		}
	}
	// Refcount blocks that the file doesn't know of come to lie where they did
	// before.
	for i := range img.counts.tableLen {
		if first := i * img.counts.perBlock(); seen[first] && img.counts.block(first) == 0 {
			return nil, nil
		}
	}
	slices.Sort(fresh)
	return fresh, nil
}

// countHosts takes host clusters out of those that are free.
func (img *Image) countHosts(hosts []int64) error {
	if err := img.markDirty(); err != nil {
		return err
	}
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

// unplayed refuses to read an image that isn't all there.
func (img *Image) unplayed() error {
	if !img.opts.ReadOnly || img.opts.Journal == nil || img.header.incompat&incompatDirty == 0 {
		return nil
	}
	notes, err := newJournal(img.opts.Journal).read()
	if err == nil && len(notes) > 0 {
		err = ErrUnplayed
	}
	return err
}

// Journaled says whether what is written outlives this process.
func (img *Image) Journaled() bool { return img.journal != nil }

// Recovered is how many clusters Open has brought back from the journal.
func (img *Image) Recovered() int { return img.recovered }
