package qcow2

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/spurboot/spur/block"
)

// mostDetails is how many faults a report describes.
const mostDetails = 100

// Report is what Check found.
type Report struct {
	// Allocated and Compressed are clusters of the disk that are in the image.
	Allocated, Compressed int64
	// Leaks are host clusters that are counted more often than used.
	Leaks int64
	// Errors are contradictions that can lose data.
	Errors int64
	// Unclosed: who wrote to the image last didn't close it, and its reference
	// counts are behind. Open sets them right when the image is to be written;
	// they were not compared.
	Unclosed bool
	// Marked: a writer found the image corrupt, and marked it.
	Marked bool
	// Repaired is how many leaks were given back.
	Repaired int64
	// Details describe the first errors.
	Details []string
}

func (r *Report) fault(format string, args ...any) {
	r.Errors++
	if len(r.Details) < mostDetails {
		r.Details = append(r.Details, fmt.Sprintf(format, args...))
	}
}

// Check compares the reference counts with what refers to each cluster. With
// repair, which needs an image that is open for writing, it gives leaked
// clusters back. Other operations wait meanwhile.
func (img *Image) Check(ctx context.Context, repair bool) (Report, error) {
	report := Report{Marked: img.header.incompat&incompatCorrupt != 0}
	if repair && img.opts.ReadOnly {
		return report, block.ErrReadOnly
	}
	if err := img.alone(ctx); err != nil {
		return report, err
	}
	defer img.letIn()
	if err := img.takeFlush(ctx); err != nil {
		return report, err
	}
	defer img.endFlush()
	if img.opts.ReadOnly {
		if err := img.counts.open(img.file, &img.header, img.geo); err != nil {
			return report, err
		}
	}
	c, err := img.takeCensus(ctx, &report)
	if err != nil {
		return report, err
	}
	if img.opts.ReadOnly && img.unclosed {
		report.Unclosed = true
		return report, nil
	}
	if err := c.compare(ctx, repair, false); err != nil {
		return report, err
	}
	if err := c.checkCopied(ctx, false); err != nil {
		return report, err
	}
	if repair && report.Repaired > 0 {
		return report, img.flush(false)
	}
	return report, nil
}

// alone waits until no operation is under way, keeps others out until letIn,
// and brings all tables to the file.
func (img *Image) alone(ctx context.Context) error {
	if err := img.lockOut(ctx); err != nil {
		return err
	}
	if img.opts.ReadOnly {
		return nil
	}
	err := img.takeFlush(ctx)
	if err == nil {
		err = img.flush(false)
		img.endFlush()
	}
	if err != nil {
		img.letIn()
	}
	return err
}

// compare compares counts with the census. It lowers those that are too high,
// with leaks, and raises those that are too low, with errors.
func (c *census) compare(ctx context.Context, leaks, errors bool) error {
	r := &c.img.counts
	r.mu.Lock()
	defer r.mu.Unlock()
	end := max(c.limit, c.tally.most+1)
	for cluster := int64(0); cluster < max(end, int64(len(r.table))*r.perBlock()); cluster++ {
		if cluster&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if r.block(cluster) == 0 && c.tally.pages[cluster>>10] == nil {
			// Nothing is counted up to the next page or block.
			last := (cluster/r.perBlock()+1)*r.perBlock() - 1
			if cluster <= c.tally.most {
				last = min(last, cluster|1023)
			}
			cluster = last
			continue
		}
		if b := r.block(cluster) >> r.geo.clusterBits; b != 0 && c.tally.get(b) != 1 {
			cluster = (cluster/r.perBlock()+1)*r.perBlock() - 1
			continue // reported by countBlocks
		}
		is, err := r.get(cluster)
		if err != nil {
			return err
		}
		want := c.tally.get(cluster)
		if is == want {
			continue
		}
		if err := c.differs(cluster, is, want, leaks, errors); err != nil {
			return err
		}
	}
	return nil
}

func (c *census) differs(cluster int64, is, want uint64, leaks, errors bool) error {
	r := &c.img.counts
	if is > want {
		c.report.Leaks++
		if !leaks {
			return nil
		}
		c.report.Repaired++
		if want == 0 {
			r.next = min(r.next, cluster)
		}
		return r.set(cluster, want)
	}
	if !errors {
		c.report.fault("host cluster %d is counted %d times but used %d times", cluster, is, want)
		return nil
	}
	if r.order < 6 && want>>(1<<r.order) != 0 {
		return fmt.Errorf("host cluster %d is used %d times, more than its count can say: %w", cluster, want, ErrCorrupt)
	}
	return r.set(cluster, want)
}

// checkCopied compares the COPIED flags of the disk's own tables with the
// counts, or sets them right.
func (c *census) checkCopied(ctx context.Context, repair bool) error {
	img, g := c.img, &c.img.geo
	for i, word := range img.l1 {
		table := int64(word & offsetMask)
		if table == 0 || table&(g.cluster-1) != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if want := c.tally.get(table>>g.clusterBits) == 1; want != (word&flagCopied != 0) {
			if !repair {
				c.report.fault("L2 table %d: its COPIED flag is wrong", i)
			} else {
				img.l1[i] ^= flagCopied
				img.dirtyL1 = append(img.dirtyL1, i)
			}
		}
		if readFull(img.file, c.buf, table) != nil {
			continue // reported by countL1
		}
		if err := c.checkCopiedL2(i, table, repair); err != nil {
			return err
		}
	}
	return nil
}

func (c *census) checkCopiedL2(i int, table int64, repair bool) error {
	g := &c.img.geo
	for at := int64(0); at < g.cluster; at += g.entrySize {
		e, err := g.decode(c.buf[at:])
		if err != nil || e.host == 0 || e.copied == (c.tally.get(e.host>>g.clusterBits) == 1) {
			continue
		}
		if !repair {
			c.report.fault("guest cluster %d: its COPIED flag is wrong", int64(i)<<g.l2Bits+at/g.entrySize)
			continue
		}
		b := c.buf[at : at+8]
		binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)^flagCopied)
		if _, err := c.img.file.WriteAt(b, table+at); err != nil {
			return err
		}
		c.img.unsynced.Store(true)
	}
	return nil
}

// recount sets all counts right, in an image whose counts were not written
// before it was left. Nothing else is under way.
func (img *Image) recount(ctx context.Context) error {
	var report Report
	c, err := img.takeCensus(ctx, &report)
	if err != nil {
		return err
	}
	if report.Errors > 0 {
		return fmt.Errorf("%s: %w", report.Details[0], ErrCorrupt)
	}
	if err := c.addBlocks(ctx); err != nil {
		return err
	}
	if err := c.compare(ctx, true, true); err != nil {
		return err
	}
	if err := c.checkCopied(ctx, true); err != nil {
		return err
	}
	return img.flush(false)
}

// addBlocks adds the refcount blocks that the census needs, behind everything.
func (c *census) addBlocks(ctx context.Context) error {
	r := &c.img.counts
	end := max(c.limit, c.tally.most+1)
	need := func(i int64) error {
		for ; r.block(i*r.perBlock()) == 0; end++ {
			k := end / r.perBlock()
			if r.block(end) != 0 {
				k = i
			}
			if k >= r.tableLen {
				return fmt.Errorf("the refcount table is too small: repair it by qemu-img check -r all: %w", ErrUnsupported)
			}
			if err := r.putBlock(k, end); err != nil {
				return err
			}
			if err := c.tally.add(end, 1, 1); err != nil {
				return err
			}
		}
		return nil
	}
	for _, page := range slices.Sorted(maps.Keys(c.tally.pages)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		for cluster := page << 10; cluster < (page+1)<<10; cluster++ {
			if c.tally.get(cluster) > 0 {
				if err := need(cluster / r.perBlock()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Unclosed says whether Open found an image that wasn't closed by the program
// that wrote to it last.
func (img *Image) Unclosed() bool { return img.unclosed }
