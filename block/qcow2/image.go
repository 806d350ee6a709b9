package qcow2

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
)

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
