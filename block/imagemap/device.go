package imagemap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/block"
)

// Where says where a piece is.
type Where uint8

// The places.
const (
	Zero     Where = iota // nowhere: it reads as zeros
	InFile                // at Piece.Offset of the file
	InMemory              // in Piece.Data
	InParent              // at the same place of the parent; zero without one
)

// Piece is a part of a disk.
type Piece struct {
	Where  Where
	Length int64 // in bytes, at least 1
	Offset int64
	Data   []byte // of Length
	// File is which file it is in; Config.File if nil.
	File io.ReaderAt
}

// Lookup says where the piece is that begins at off, and is n bytes at most.
// It is called by many at once.
type Lookup func(ctx context.Context, off, n int64) (Piece, error)

// ErrOtherParent is that an image lies over another disk than was found.
var ErrOtherParent = errors.New("its parent isn't the one that it was made over, or was written to since")

// ErrDamaged is that an image contradicts itself or its format.
var ErrDamaged = errors.New("damaged image")

// Config is what a Device is made of.
type Config struct {
	Size   int64 // in bytes
	File   block.Source
	Parent block.Device // nil if there is none
	Lookup Lookup
	// ID is what differencing images know this one again by as their parent;
	// "" if that can't be told.
	ID string
}

// CheckParent returns ErrOtherParent if a parent is an image that says it isn't
// the one that is meant. IDs are hexadecimal.
func CheckParent(parent block.Device, id string) error {
	if p, ok := parent.(*Device); ok && p.config.ID != "" && id != "" && !strings.EqualFold(p.config.ID, id) {
		return fmt.Errorf("%w (it is %s, not %s)", ErrOtherParent, p.config.ID, id)
	}
	return nil
}

// Device is an image as a block.Device.
type Device struct{ config Config }

// New returns a device. Closing it closes its file and its parent.
func New(config Config) *Device { return &Device{config} }

// Size implements block.Device.
func (d *Device) Size() int64 { return d.config.Size }

// Caps implements block.Device.
func (d *Device) Caps() block.Caps {
	return block.Caps{ReadOnly: true, BlockSize: 4096, Extents: true}
}

// each visits the pieces of a range, until visit returns false.
func (d *Device) each(ctx context.Context, off, n int64, visit func(p Piece, off int64) (bool, error)) error {
	if err := block.CheckRange(off, n, d.config.Size); err != nil {
		return err
	}
	for end := off + n; off < end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := d.config.Lookup(ctx, off, end-off)
		if err != nil {
			return err
		}
		if p.Length <= 0 || p.Length > end-off {
			return fmt.Errorf("%w: a piece of %d bytes at %d", ErrDamaged, p.Length, off)
		}
		if p.Where == InParent && d.config.Parent == nil {
			p.Where = Zero
		}
		if more, err := visit(p, off); err != nil || !more {
			return err
		}
		off += p.Length
	}
	return ctx.Err()
}

// Read implements block.Device.
func (d *Device) Read(ctx context.Context, p []byte, off int64) error {
	return d.each(ctx, off, int64(len(p)), func(piece Piece, at int64) (bool, error) {
		return true, d.readPiece(ctx, p[at-off:][:piece.Length], piece, at)
	})
}

func (d *Device) readPiece(ctx context.Context, p []byte, piece Piece, off int64) error {
	switch piece.Where {
	case InMemory:
		copy(p, piece.Data)
		return nil
	case InParent:
		return d.readParent(ctx, p, off)
	case InFile:
		if piece.File != nil {
			return ReadFull(piece.File, p, piece.Offset)
		}
		return ReadFull(d.config.File, p, piece.Offset)
	}
	clear(p)
	return nil
}

// readParent reads zeros beyond the end of a parent that is shorter.
func (d *Device) readParent(ctx context.Context, p []byte, off int64) error {
	n := min(int64(len(p)), max(0, d.config.Parent.Size()-off))
	clear(p[n:])
	if n == 0 {
		return nil
	}
	return d.config.Parent.Read(ctx, p[:n], off)
}

// ReadFull reads all of p at off of an image; that the file ends before is
// ErrDamaged.
func ReadFull(file io.ReaderAt, p []byte, off int64) error {
	if off < 0 {
		return fmt.Errorf("%w: it refers to byte %d of its file", ErrDamaged, off)
	}
	n, err := file.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if ended := err; ended == io.EOF {
		return fmt.Errorf("%w: its file ends at %d of %d bytes at %d", ErrDamaged, n, len(p), off)
	}
	return err
}

// Extents implements block.Device.
func (d *Device) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	j := joiner{yield: yield, next: block.Extent{Offset: off}}
	err := d.each(ctx, off, n, func(p Piece, at int64) (bool, error) {
		switch p.Where {
		case Zero:
			return j.add(block.Extent{Offset: at, Length: p.Length, Hole: true, Zero: true}), nil
		case InParent:
			return d.parentExtents(ctx, at, p.Length, &j)
		}
		return j.add(block.Extent{Offset: at, Length: p.Length}), nil
	})
	if err == nil {
		j.flush()
	}
	return err
}

// parentExtents adds what the parent says, and what is beyond its end.
func (d *Device) parentExtents(ctx context.Context, off, n int64, j *joiner) (bool, error) {
	there := min(n, max(0, d.config.Parent.Size()-off))
	if there > 0 {
		if err := d.config.Parent.Extents(ctx, off, there, j.add); err != nil {
			return false, err
		}
	}
	if there < n {
		j.add(block.Extent{Offset: off + there, Length: n - there, Hole: true, Zero: true})
	}
	return !j.stopped, nil
}

// joiner makes one extent of neighbours that are alike.
type joiner struct {
	next    block.Extent
	stopped bool
	yield   func(block.Extent) bool
}

func (j *joiner) add(e block.Extent) bool {
	if j.next.Length > 0 && (e.Hole != j.next.Hole || e.Zero != j.next.Zero) {
		j.flush()
	}
	if j.next.Length == 0 {
		j.next = e
	} else {
		j.next.Length += e.Length
	}
	return !j.stopped
}

func (j *joiner) flush() {
	if j.next.Length > 0 && !j.stopped {
		j.stopped = !j.yield(j.next)
	}
	j.next.Length = 0
}

// Write implements block.Device.
func (d *Device) Write(context.Context, []byte, int64, block.WriteFlags) error {
	return block.ErrReadOnly
}

// Flush implements block.Device.
func (d *Device) Flush(ctx context.Context) error { return ctx.Err() }

// Trim implements block.Device.
func (d *Device) Trim(context.Context, int64, int64) error { return block.ErrReadOnly }

// Zero implements block.Device.
func (d *Device) Zero(context.Context, int64, int64, block.ZeroFlags) error {
	return block.ErrReadOnly
}

// Close implements block.Device.
func (d *Device) Close() error {
	err := d.config.File.Close()
	if d.config.Parent != nil {
		err = errors.Join(err, d.config.Parent.Close())
	}
	return err
}
