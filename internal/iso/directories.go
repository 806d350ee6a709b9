package iso

import (
	"container/list"
	"slices"
	"strings"
	"sync"
)

// Bounds of what an image keeps of directories.
const (
	keptEntries     = 32 << 10 // entries of all that are kept
	mostDirectories = 256 << 10
)

// directories keeps those that were read last, for many goroutines.
type directories struct {
	mu      sync.Mutex
	byID    map[int64]*list.Element
	recent  *list.List // of *keptDirectory, the one used last in front
	entries int
	homes   map[int64]home // of each directory with entries that was read
}

// home is where a directory is: in which one, and under which name.
type home struct {
	parent int64
	name   string
}

type keptDirectory struct {
	id      int64
	entries []*node
}

func newDirectories() *directories {
	return &directories{byID: map[int64]*list.Element{}, recent: list.New(), homes: map[int64]home{}}
}

// find is a directory that is kept.
func (d *directories) find(id int64) ([]*node, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.byID[id]
	if !ok {
		return nil, false
	}
	d.recent.MoveToFront(e)
	kept, _ := e.Value.(*keptDirectory)
	return kept.entries, true
}

// keep keeps one, in the place of those that weren't used for longest.
func (d *directories) keep(id int64, entries []*node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byID[id] != nil || len(entries) > keptEntries {
		return
	}
	d.byID[id] = d.recent.PushFront(&keptDirectory{id, entries})
	d.entries += len(entries) + 1
	for d.entries > keptEntries && d.recent.Len() > 1 {
		oldest, _ := d.recent.Remove(d.recent.Back()).(*keptDirectory)
		delete(d.byID, oldest.id)
		d.entries -= len(oldest.entries) + 1
	}
}

// claim notes where a directory with entries is. One that is in two places, or in
// itself, would make a tree of a few sectors endless.
func (d *directories) claim(id int64, at home) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.homes[id]
	switch {
	case ok && known != at:
		return damaged("a directory is in two places")
	case !ok && len(d.homes) == mostDirectories:
		return damaged("it has more than %d directories", mostDirectories)
	}
	d.homes[id] = at
	return nil
}

// search finds a name in a directory. Where case doesn't matter, one that differs in
// it is found too, unless several do.
func search(entries []*node, name string, exact bool) *node {
	i, found := slices.BinarySearchFunc(entries, name, func(n *node, name string) int { return strings.Compare(n.name, name) })
	if found {
		return entries[i]
	}
	if exact {
		return nil
	}
	var other *node
	for _, n := range entries {
		if !strings.EqualFold(n.name, name) {
			continue
		}
		if other != nil {
			return nil
		}
		other = n
	}
	return other
}
