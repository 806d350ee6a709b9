package qcow2

import (
	"context"
	"fmt"

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

// Unclosed says whether Open found an image that wasn't closed by the program
// that wrote to it last.
func (img *Image) Unclosed() bool { return img.unclosed }
