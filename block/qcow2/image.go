package qcow2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
)

// Options say how an image is opened.
type Options struct {
	// ReadOnly has the image refuse every change, and the file left as it is.
	ReadOnly bool
	// Opener opens the backing file that the image names. Without one an image
	// that has a backing file is refused.
	Opener Opener
	// Backing takes the place of what the image names; it isn't closed with
	// the image, so that many overlays may share it.
	Backing block.Device
	// CacheSize bounds the memory for L2 tables, in bytes: 4 KiB of it serve
	// 32 MiB of disk with clusters of 64 KiB, or 16 MiB with extended entries.
	// Memory is taken as it is needed. 0 is 1 MiB.
	CacheSize int64
	// Journal, where there is one, has nothing that was written be lost when
	// the process is killed. It is for images of version 3 that are open for
	// writing. With ReadOnly, Open fails by ErrUnplayed if it has writes that the
	// image doesn't, and by ErrNoJournal or ErrOtherSession if another one may
	// have them, as do backing files.
	Journal *Journal
	// Lossy has an image be opened for reading all the same; Lost says why
	// something may be missing.
	Lossy bool

	depth   int
	parents []string
}

const (
	defaultCache = 1 << 20
	leastSlices  = 8
	// refcountSlices of 4 KiB serve 256 MiB of file each with counts of 16
	// bits, or 128 MiB.
	refcountSlices = 8
)

// Image is an open image. It implements block.Device.
type Image struct {
	file        block.File
	opts        Options
	geo         geometry
	caps        block.Caps
	lazy        bool
	size        atomic.Int64
	backing     block.Device
	ownsBacking bool
	unpack      unpackers
	scratch     sync.Pool

	// mu guards what follows and is never held during I/O.
	mu        sync.Mutex
	changed   sync.Cond // any of what follows, for who waits
	header    header
	l1        []uint64
	dirtyL1   []int
	l2        sliceCache
	locks     *rangeLock // those that are held
	epoch     uint
	active    [2]int // operations of this epoch and the previous one, by slotOf
	exclusive bool
	unlinked  []freed      // since the last flush began
	given     atomic.Int64 // clusters in unlinked
	late      atomic.Int64 // and in waiting
	failed    error        // why the image can't be written any more
	journal   *journal
	unclosed  bool // when it was opened
	recovered int
	lost      error

	// growth is held while an L2 table is added or copied.
	growth sync.Mutex
	// heading is held while the header is changed; after growth, before the
	// lock of counts.
	heading sync.Mutex
	counts  refcounts

	// flushing is taken by who flushes.
	flushing chan struct{}
	wanted   atomic.Uint64 // flushes asked for
	done     uint64        // the last one that a flush has covered; by flushing
	unsynced atomic.Bool
	marked   atomic.Bool // the header has the dirty bit
	foreign  atomic.Bool // it has bits of others that a change clears
	waiting  []freed     // unlinked on disk; by flushing
	buffer   []byte
	items    []item
}

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

func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("%d bytes at %d are beyond the file's end: %w", len(b), off, ErrCorrupt)
	}
	return err
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

// firstChange clears what others have noted of the image and a change makes
// wrong ("autoclear_features").
func (img *Image) firstChange() error {
	if !img.foreign.Load() {
		return nil
	}
	err := img.changeHeader(func(h *header) { h.autoclear &= autoclearSession })
	if err == nil {
		img.foreign.Store(false)
	}
	return err
}

// writeHeader writes the header's fixed part, which is in one sector, durably.
func (img *Image) writeHeader() error {
	b := make([]byte, img.header.length)
	if int64(len(b)) > ourLength {
		// Fields that we don't know of keep their bytes.
		if err := readFull(img.file, b, 0); err != nil {
			return err
		}
	}
	img.header.put(b)
	if _, err := img.file.WriteAt(b[:min(len(b), ourLength)], 0); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	return img.sync()
}

// sync makes the file durable. When that fails nobody knows what is on disk
// (block.File), so the image is not written any more.
func (img *Image) sync() error {
	err := img.file.Sync()
	if err == nil {
		return nil
	}
	err = fmt.Errorf("sync the image; close and open it again: %w", err)
	img.mu.Lock()
	img.failed = err
	img.mu.Unlock()
	if img.journal != nil {
		img.journal.giveUp()
	}
	return err
}

// Size implements block.Device.
func (img *Image) Size() int64 { return img.size.Load() }

// Caps implements block.Device.
func (img *Image) Caps() block.Caps { return img.caps }

func (img *Image) capabilities() block.Caps {
	unit := int(max(512, min(4096, int64(1)<<img.geo.subBits)))
	if img.opts.ReadOnly {
		return block.Caps{ReadOnly: true, BlockSize: unit, Extents: true}
	}
	able := img.geo.version > 2 || img.header.name == "" && img.opts.Backing == nil
	return block.Caps{BlockSize: unit, Trim: able, TrimZeroes: able, Zero: able, Extents: true}
}

// Close implements block.Device. It doesn't flush, but with lazy reference
// counts an image of which everything was flushed is marked as clean.
func (img *Image) Close() error {
	err := img.closeClean()
	if img.opts.Journal != nil {
		err = errors.Join(err, img.closeJournal())
	}
	img.unpack.close()
	img.closeBacking()
	return errors.Join(err, img.file.Close())
}

func (img *Image) closeJournal() error {
	file := img.opts.Journal.File
	if img.opts.ReadOnly {
		return file.Close()
	}
	if img.marked.Load() && img.header.incompat&incompatDirty != 0 {
		return file.Close() // something wasn't flushed
	}
	return errors.Join(file.Truncate(0), file.Close())
}
