package qcow2

import (
	"fmt"
	"math/bits"

	"github.com/spurboot/spur/block"
)

// CreateOptions say what image Create makes.
type CreateOptions struct {
	// Size of the disk in bytes, a multiple of 512.
	Size int64
	// Version is 2 or 3; 0 is 3.
	Version int
	// ClusterSize is a power of two from 512 to 2 MiB. 0 is 64 KiB, and 128 KiB
	// with extended L2 entries, so that a subcluster is 4 KiB.
	ClusterSize int
	// RefcountBits is a power of two up to 64. 0 is 16.
	RefcountBits int
	// BackingName and BackingFormat are written down for who opens the image;
	// nothing is opened.
	BackingName, BackingFormat string
	ExtendedL2                 Choice
	// LazyRefcounts saves writes in exchange for a repair after a crash.
	LazyRefcounts bool
}

// Choice is yes, no, or what is best.
type Choice uint8

// Choices.
const (
	// Auto, for extended L2 entries, is Yes for images with a backing file.
	Auto Choice = iota
	Yes
	No
)

// Create makes an image of a file, which loses what it had. The image is durable
// when Create returns. The file stays the caller's, open.
func Create(file block.File, o CreateOptions) error {
	h, err := o.header()
	if err != nil {
		return err
	}
	g := h.geometry()
	plan := h.place(g)
	if err := h.checkTables(); err != nil {
		return TooLargeError{o.Size, largest(g)}
	}
	b, err := h.encode()
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("create an image: %w", err)
	}
	if err := plan.write(file, g, h); err != nil {
		return fmt.Errorf("create an image: %w", err)
	}
	// The header last: until then it is no image.
	if _, err := file.WriteAt(b, 0); err != nil {
		return fmt.Errorf("create an image: %w", err)
	}
	return file.Sync()
}

// TooLargeError is that an image of such clusters has no room for a disk of that
// size. Larger clusters make room for more.
type TooLargeError struct{ Size, Largest int64 }

// Error implements error.
func (e TooLargeError) Error() string {
	return fmt.Sprintf("a disk of %d bytes is too large: with such clusters it can have %d", e.Size, e.Largest)
}

// largest is how large a disk the longest L1 table can have.
func largest(g geometry) int64 { return maxL1Bytes / 8 << (g.clusterBits + g.l2Bits) }

func (o CreateOptions) header() (*header, error) {
	if o.Size < 0 || o.Size%sector != 0 {
		return nil, fmt.Errorf("a disk of %d bytes: %w; it must be a multiple of 512", o.Size, block.ErrOutOfRange)
	}
	if o.Version == 0 {
		o.Version = 3
	}
	extended := o.ExtendedL2 == Yes || o.ExtendedL2 == Auto && o.BackingName != "" && o.Version == 3 &&
		(o.ClusterSize == 0 || o.ClusterSize >= 1<<minExtendedBits)
	if o.ClusterSize == 0 {
		o.ClusterSize = 64 << 10
		if extended {
			o.ClusterSize = 128 << 10
		}
	}
	if o.RefcountBits == 0 {
		o.RefcountBits = 16
	}
	if bits.OnesCount(uint(o.ClusterSize)) != 1 || bits.OnesCount(uint(o.RefcountBits)) != 1 {
		return nil, fmt.Errorf("clusters of %d bytes, counts of %d bits: each must be a power of two", o.ClusterSize, o.RefcountBits)
	}
	h := &header{version: uint32(o.Version), size: uint64(o.Size), name: o.BackingName, format: o.BackingFormat,
		clusterBits: uint32(bits.Len(uint(o.ClusterSize)) - 1), refcountOrder: uint32(bits.Len(uint(o.RefcountBits)) - 1),
		length: ourLength}
	if extended {
		h.incompat |= incompatExtendedL2
	}
	if o.LazyRefcounts {
		h.compat |= compatLazy
	}
	if h.version == 2 {
		if h.incompat|h.compat != 0 || h.refcountOrder != 4 {
			return nil, fmt.Errorf("version 2 has neither extended L2 entries nor lazy or odd reference counts: use version 3")
		}
		h.length = v2Length
	} else if h.version != 3 {
		return nil, fmt.Errorf("version %d: %w", o.Version, ErrUnsupported)
	}
	h.reftableOffset, h.reftableClusters = 1<<h.clusterBits, 1
	h.l1Offset = h.reftableOffset
	if h.clusterBits <= maxClusterBits && h.clusterBits >= minClusterBits {
		g := h.geometry()
		if o.Size > largest(g) {
			return nil, TooLargeError{o.Size, largest(g)}
		}
		h.l1Size = uint32(g.l1Entries(o.Size))
	}
	return h, h.check()
}

// plan is where a new image has what, in clusters.
type plan struct {
	blocks, total int64
}

// place puts refcount table, refcount blocks and L1 table behind the header.
func (h *header) place(g geometry) plan {
	perBlock := g.cluster << 3 >> h.refcountOrder
	l1 := max(1, g.clusters(int64(h.l1Size)*8))
	p := plan{blocks: 1}
	table := int64(1)
	for {
		p.total = 1 + table + p.blocks + l1
		blocks := (p.total + perBlock - 1) / perBlock
		if t := g.clusters(blocks * 8); blocks == p.blocks && t == table {
			break
		} else {
			p.blocks, table = max(blocks, p.blocks), max(t, table)
		}
	}
	h.reftableClusters = uint32(table)
	h.l1Offset = uint64(1+table+p.blocks) << g.clusterBits
	return p
}

// write writes the tables: the L1 table is zeros. None is a hole, so that there is
// space for what they will have.
func (p plan) write(file block.File, g geometry, h *header) error {
	if err := file.Truncate(p.total << g.clusterBits); err != nil {
		return err
	}
	if err := writeZeros(file, g.cluster, (p.total-1)<<g.clusterBits); err != nil {
		return err
	}
	r := refcounts{file: file, geo: g, order: uint(h.refcountOrder), tableOff: int64(h.reftableOffset)}
	r.blocks.init(g.sliceSize, refcountSlices)
	for i := range p.blocks {
		r.table = append(r.table, (1+int64(h.reftableClusters)+i)<<g.clusterBits)
		r.dirtyTable = append(r.dirtyTable, int(i))
	}
	for c := range p.total {
		if err := r.set(c, 1); err != nil {
			return err
		}
	}
	if err := r.writeBlocks(); err != nil {
		return err
	}
	if err := r.writeTable(); err != nil {
		return err
	}
	return file.Sync()
}
