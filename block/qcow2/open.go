package qcow2

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
)

// Open opens an image that is kept in a file. When it is to be written and was
// not closed cleanly, its reference counts are counted anew, which reads all of
// its tables.
//
// The context is for opening alone. The file, the journal's and what the Opener
// opened are closed with the image; when Open fails the file and the journal's
// stay the caller's, open.
func Open(ctx context.Context, file block.File, opts Options) (*Image, error) {
	h, err := readHeader(file)
	if err != nil {
		return nil, err
	}
	img := &Image{file: file, opts: opts, geo: h.geometry(), header: *h, flushing: make(chan struct{}, 1)}
	img.changed.L = &img.mu
	img.unclosed = h.incompat&incompatDirty != 0
	img.caps, img.lazy = img.capabilities(), h.lazy()
	img.size.Store(int64(h.size))
	img.scratch.New = func() any { return &scratch{buf: make([]byte, min(scratchSize, max(4096, img.geo.cluster)))} }
	most := opts.CacheSize
	if most <= 0 {
		most = defaultCache
	}
	img.l2.init(img.geo.sliceSize, int(max(leastSlices, most/img.geo.sliceSize)))
	img.unpack.init(h)
	if img.l1, err = readTable(file, int64(h.l1Offset), int(h.l1Size)); err != nil {
		return nil, fmt.Errorf("read the L1 table: %w", err)
	}
	if err := img.findLost(); err != nil {
		return nil, err
	}
	if err := img.openBacking(ctx); err != nil {
		return nil, err
	}
	if !opts.ReadOnly {
		if err := img.openWritable(ctx); err != nil {
			img.closeBacking()
			return nil, err
		}
	}
	return img, nil
}

func readHeader(file block.File) (*header, error) {
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("size of the image: %w", err)
	}
	b := make([]byte, min(size, 4096))
	if err := readFull(file, b, 0); err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	if len(b) >= v2Length { // what lies behind the first 4 KiB of a larger cluster
		if bits := b[23]; bits > 12 && bits <= maxClusterBits {
			b = make([]byte, min(size, 1<<bits))
			if err := readFull(file, b, 0); err != nil {
				return nil, fmt.Errorf("read the header: %w", err)
			}
		}
	}
	h, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	return h, h.tablesIn(size)
}

// openWritable makes an image ready to be written.
func (img *Image) openWritable(ctx context.Context) error {
	h := &img.header
	if h.incompat&incompatCorrupt != 0 {
		return ErrMarked
	}
	if err := img.counts.open(img.file, h, img.geo); err != nil {
		return err
	}
	if err := img.findTables(ctx); err != nil {
		return err
	}
	notes, lost, err := img.left()
	if err != nil {
		return err
	}
	img.lost = lost
	if img.unclosed {
		if err := img.repair(ctx, notes); err != nil {
			return err
		}
	}
	if img.opts.Journal != nil && img.journalable() == nil {
		img.journal = newJournal(img.opts.Journal)
	}
	img.lazy = h.lazy() || img.journal != nil
	img.foreign.Store(h.autoclear != 0)
	return nil
}

// repair puts an image right that wasn't closed, and says so in its header. Until
// then the notes of its journal hold.
func (img *Image) repair(ctx context.Context, notes []note) error {
	h := &img.header
	img.marked.Store(true)
	if err := img.recount(ctx); err != nil {
		return fmt.Errorf("repair an image that wasn't closed: %w", err)
	}
	if err := img.replay(ctx, notes); err != nil {
		return err
	}
	if err := img.flush(false); err != nil {
		return err
	}
	// The journal's file still has what was played back: it is of no session that
	// the image knows of any more.
	h.incompat, h.autoclear, h.session = h.incompat&^incompatDirty, h.autoclear&^autoclearSession, session{}
	if img.recovered > 0 {
		h.autoclear = 0
	}
	if err := img.rewriteHeader(); err != nil {
		return err
	}
	img.marked.Store(false)
	return nil
}
