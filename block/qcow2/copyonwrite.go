package qcow2

import "context"

// writeFresh writes p to new host clusters, for as many of the n guest clusters
// from off's on as can be had in a row.
func (img *Image) writeFresh(ctx context.Context, sc *scratch, p []byte, off, n int64) (int64, error) {
	g := &img.geo
	host, got, virgin, err := img.allocate(n)
	if err != nil {
		return 0, err
	}
	base := sc.lock.first << g.clusterBits
	p = p[:min(int64(len(p)), base+got<<g.clusterBits-off)]
	end := off + int64(len(p))
	lo, _ := img.widen(&sc.old[0], off, min(end, base+g.cluster), base, virgin)
	lastBase := base + (got-1)<<g.clusterBits
	_, hi := img.widen(&sc.old[got-1], max(off, lastBase), end, lastBase, virgin)
	err = img.fillAndPut(ctx, sc, p, off, lo, hi, host-base)
	if err == nil {
		for i := range got {
			start := base + i<<g.clusterBits
			sc.now[i] = img.filled(sc.old[i], max(lo, start), min(hi, start+g.cluster), start)
			sc.now[i].host, sc.now[i].copied = host+i<<g.clusterBits, true
		}
		err = img.publish(sc.lock.first, sc.old[:got], sc.now[:got])
	}
	if err != nil {
		img.giveBack(host, got)
		return 0, err
	}
	return int64(len(p)), nil
}

// filled is what has become of e once data from from to to of the disk are in
// its cluster, which begins at base. What it had elsewhere was copied.
func (img *Image) filled(e entry, from, to, base int64) entry {
	bits := img.geo.touched(from-base, to-base)
	if e.packed != 0 || !e.copied {
		e.alloc = 0
	}
	e.packed = 0
	e.alloc |= bits
	e.zero &^= bits
	return e
}

// widen is the range that has to be written to a new cluster, which begins at
// base, when from to to of the disk are. e is the entry of the cluster until then.
//
//	e is compressed, or has data in a subcluster     the whole cluster, since the
//	that from to to doesn't touch                    old one is left for good
//	the new cluster isn't virgin, or e has data      from to to, made wider to
//	in a subcluster that it touches                  whole subclusters
//	else, at each end: the rest of the subcluster    no wider there: a virgin
//	reads as zeros                                   cluster has zeros
//	else, at each end                                to a whole subcluster
func (img *Image) widen(e *entry, from, to, base int64, virgin bool) (lo, hi int64) {
	g := &img.geo
	unit := int64(1) << g.subBits
	lo, hi = from&^(unit-1), (to+unit-1)&^(unit-1)
	if e.packed != 0 || e.alloc&^g.touched(lo-base, hi-base) != 0 {
		return base, base + g.cluster
	}
	if !virgin || e.alloc != 0 {
		return lo, hi
	}
	first, last := int((lo-base)>>g.subBits), int((hi-1-base)>>g.subBits)
	if e.kind(first) == zeros || img.inBacking(lo, from-lo) == 0 {
		lo = from
	}
	if e.kind(last) == zeros || img.inBacking(to, hi-to) == 0 {
		hi = to
	}
	return lo, hi
}

// fillAndPut writes p at off, and around it what the disk has from lo to hi.
// The byte at off is kept at off+delta in the file.
func (img *Image) fillAndPut(ctx context.Context, sc *scratch, p []byte, off, lo, hi, delta int64) error {
	end := off + int64(len(p))
	if lo == off && hi == end {
		return img.put(p, off+delta)
	}
	if n := hi - lo; n <= int64(len(sc.buf)) {
		b := sc.buf[:n]
		if err := img.read(ctx, b[:off-lo], lo); err != nil {
			return err
		}
		copy(b[off-lo:], p)
		if err := img.read(ctx, b[end-lo:], end); err != nil {
			return err
		}
		return img.put(b, lo+delta)
	}
	if err := img.fill(ctx, sc, lo, off, delta); err != nil {
		return err
	}
	if err := img.put(p, off+delta); err != nil {
		return err
	}
	return img.fill(ctx, sc, end, hi, delta)
}

// fill copies from to to of the disk to their new place.
func (img *Image) fill(ctx context.Context, sc *scratch, from, to, delta int64) error {
	for from < to {
		b := sc.buf[:min(to-from, int64(len(sc.buf)))]
		if err := img.read(ctx, b, from); err != nil {
			return err
		}
		if err := img.put(b, from+delta); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}

// writeOwned writes p, as far as it goes in off's cluster, to subclusters that
// have a place in the file and no data yet.
func (img *Image) writeOwned(ctx context.Context, sc *scratch, p []byte, off int64) (int64, error) {
	g := &img.geo
	e := sc.old[0]
	base := sc.lock.first << g.clusterBits
	from, to := img.within(off, off+int64(len(p)))
	p = p[:to-from]
	unit := int64(1) << g.subBits
	lo, hi := base+from&^(unit-1), base+(to+unit-1)&^(unit-1)
	// Subclusters at the edges that have data are written in place, and perhaps
	// by others at the same time.
	if e.kind(int(from>>g.subBits)) == data {
		lo = off
	}
	if e.kind(int((to-1)>>g.subBits)) == data {
		hi = base + to
	}
	if err := img.fillAndPut(ctx, sc, p, off, lo, hi, e.host-base); err != nil {
		return 0, err
	}
	sc.now[0] = img.filled(e, base+from, base+to, base)
	return int64(len(p)), img.publish(sc.lock.first, sc.old[:1], sc.now[:1])
}
