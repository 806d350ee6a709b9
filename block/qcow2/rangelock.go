package qcow2

import "context"

// rangeLock is a range of guest clusters whose entries one operation may change.
// Reads, and writes to what is allocated, take none, so that a write that allocates
// holds up only what touches the same clusters.
type rangeLock struct {
	first, last int64
	next        *rangeLock
}

// lockRange waits until nobody else holds clusters of l, and takes them.
func (img *Image) lockRange(ctx context.Context, l *rangeLock) error {
	img.mu.Lock()
	defer img.mu.Unlock()
	if img.overlaps(l) {
		if err := img.waitWhile(ctx, func() bool { return img.overlaps(l) }); err != nil {
			return err
		}
	}
	l.next, img.locks = img.locks, l
	return nil
}

func (img *Image) overlaps(l *rangeLock) bool {
	for o := img.locks; o != nil; o = o.next {
		if l.first <= o.last && o.first <= l.last {
			return true
		}
	}
	return false
}

func (img *Image) unlockRange(l *rangeLock) {
	img.mu.Lock()
	for at := &img.locks; *at != nil; at = &(*at).next {
		if *at == l {
			*at = l.next
			break
		}
	}
	l.next = nil
	img.changed.Broadcast()
	img.mu.Unlock()
}

// noted says whether all that is known of a range of the disk is in the journal
// already, if there is one: who changes an entry holds its lock until then. A
// write that rests on a change which a kill takes away would be lost. mu is held.
func (img *Image) noted(off, n int64) bool {
	return img.journal == nil || img.locks == nil ||
		!img.overlaps(&rangeLock{first: off >> img.geo.clusterBits, last: (off + n - 1) >> img.geo.clusterBits})
}
