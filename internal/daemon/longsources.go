package daemon

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/tree"
)

const (
	longPrefix = "sources/"
	// longMost bounds the sources that are kept, in bytes: those of some
	// thousand machines that boot at the same time from presigned URLs.
	longMost = 32 << 20
	// longAge is how long a source is kept over a restart. Presigned URLs last
	// for hours, a boot for minutes.
	longAge = 24 * time.Hour
)

// longSources keep the sources that are too long to be sealed, the latest in
// memory, and all of them in the store, so that a name outlives a restart.
type longSources struct {
	store   store.Store
	trouble func(error)
	most    int

	mu     sync.Mutex
	size   int
	byName map[tree.Digest]*list.Element
	recent *list.List // of string, the one used last in front
}

// openLong reads what the store has.
func openLong(s store.Store, trouble func(error)) (*longSources, error) {
	l := &longSources{store: s, trouble: trouble, most: longMost, byName: map[tree.Digest]*list.Element{}, recent: list.New()}
	ctx, cancel := context.WithTimeout(context.Background(), storeWait)
	defer cancel()
	records, err := s.List(ctx, longPrefix)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		l.enter(string(r.Value))
	}
	return l, nil
}

// Keep implements tree.LongSources. A source that the store doesn't take is
// kept in memory all the same.
func (l *longSources) Keep(source string) {
	fresh, dropped := l.enter(source)
	if !fresh {
		return
	}
	l.apply(store.Change{Key: longPrefix + tree.DigestOf(source).String(), Value: []byte(source), TTL: longAge})
	for _, d := range dropped {
		l.apply(store.Change{Key: longPrefix + d.String(), Delete: true})
	}
}

func (l *longSources) apply(change store.Change) {
	ctx, cancel := context.WithTimeout(context.Background(), storeWait)
	defer cancel()
	if _, err := l.store.Apply(ctx, nil, change); err != nil {
		l.trouble(err)
	}
}

// enter puts a source into memory, and says which ones had to leave for it.
func (l *longSources) enter(source string) (fresh bool, dropped []tree.Digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := tree.DigestOf(source)
	if e := l.byName[d]; e != nil {
		l.recent.MoveToFront(e)
		return false, nil
	}
	l.byName[d] = l.recent.PushFront(source)
	l.size += len(source)
	for l.size > l.most && l.recent.Len() > 1 {
		oldest := l.recent.Remove(l.recent.Back()).(string)
		l.size -= len(oldest)
		gone := tree.DigestOf(oldest)
		delete(l.byName, gone)
		dropped = append(dropped, gone)
	}
	return true, dropped
}

// Find implements tree.LongSources.
func (l *longSources) Find(d tree.Digest) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.byName[d]
	if e == nil {
		return "", false
	}
	l.recent.MoveToFront(e)
	return e.Value.(string), true
}
