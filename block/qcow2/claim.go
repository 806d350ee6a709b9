package qcow2

import "context"

// claim is a range of guest clusters whose entries one operation may change.
type claim struct {
	first, last int64
	next        *claim
}

// claim waits until nobody else holds clusters of c, and takes them.
func (img *Image) claim(ctx context.Context, c *claim) error {
	img.mu.Lock()
	defer img.mu.Unlock()
	if img.overlaps(c) {
		if err := img.waitWhile(ctx, func() bool { return img.overlaps(c) }); err != nil {
			return err
		}
	}
	c.next, img.claims = img.claims, c
	return nil
}

func (img *Image) overlaps(c *claim) bool {
	for o := img.claims; o != nil; o = o.next {
		if c.first <= o.last && o.first <= c.last {
			return true
		}
	}
	return false
}

func (img *Image) release(c *claim) {
	img.mu.Lock()
	for at := &img.claims; *at != nil; at = &(*at).next {
		if *at == c {
			*at = c.next
			break
		}
	}
	c.next = nil
	img.changed.Broadcast()
	img.mu.Unlock()
}

// noted says whether all that is known of a range of the disk is in the journal
// already, if there is one: who changes an entry holds its claim until then. A
// write that rests on a change which a kill takes away would be lost. mu is held.
func (img *Image) noted(off, n int64) bool {
	return img.journal == nil || img.claims == nil ||
		!img.overlaps(&claim{first: off >> img.geo.clusterBits, last: (off + n - 1) >> img.geo.clusterBits})
}
