package block

import (
	"context"
	"errors"
	"fmt"
)

// Device is a disk. All methods but Close may be called at the same time, also
// on ranges that overlap. Offsets and lengths are in bytes and need no
// alignment; Caps says what is quick. A context that ends makes a method return
// its error soon; what was done until then is done.
type Device interface {
	// Size is the number of bytes. It changes only where the device says so.
	Size() int64
	// Caps says what the device can do. It never changes.
	Caps() Caps
	// Read fills p from off, wholly, or returns an error.
	Read(ctx context.Context, p []byte, off int64) error
	// Write writes all of p at off. With FUA it is durable when Write returns.
	Write(ctx context.Context, p []byte, off int64, flags WriteFlags) error
	// Flush makes every write that has returned durable.
	Flush(ctx context.Context) error
	// Trim says that n bytes from off are of no use any more. They read as
	// zeros afterwards where Caps.TrimZeroes, else as zeros or as before.
	Trim(ctx context.Context, off, n int64) error
	// Zero makes n bytes from off read as zeros.
	Zero(ctx context.Context, off, n int64, flags ZeroFlags) error
	// Extents calls yield for consecutive extents that cover exactly the range
	// of n bytes from off, until it returns false. A device that does not know
	// calls everything allocated data.
	Extents(ctx context.Context, off, n int64, yield func(Extent) bool) error
	// Close gives up what the device holds, without flushing. It is called
	// once, when no other method is running.
	Close() error
}

// WriteFlags change a Write.
type WriteFlags uint8

// FUA (force unit access) makes a write durable before it returns.
const FUA WriteFlags = 1

// ZeroFlags change a Zero.
type ZeroFlags uint8

// How to zero.
const (
	// NoHole keeps the space allocated, so that a later write can't run out
	// of it.
	NoHole ZeroFlags = 1 << iota
	// ZeroFUA makes the zeros durable before Zero returns.
	ZeroFUA
)

// Caps says what a device can do.
type Caps struct {
	ReadOnly bool
	// BlockSize is the unit, in bytes, in which the device prefers to be read
	// and written; a power of two, at least 512.
	BlockSize int
	// Trim: Trim gives space back. TrimZeroes: and what was trimmed reads as
	// zeros.
	Trim, TrimZeroes bool
	// Zero: Zero is quicker than writing zeros.
	Zero bool
	// FUA: a write with FUA is cheaper than a write and a Flush.
	FUA bool
	// Extents: Extents knows what is allocated.
	Extents bool
}

// Extent is a range of a device and what is known of it, which is one of three:
//
//   - data, neither Hole nor Zero: it may read as anything, zeros too. That is
//     also what is said of what isn't known.
//   - zeros, only Zero: it reads as zeros, and has space of its own.
//   - a hole, Hole and Zero: it reads as zeros, and has no space.
//
// All three are of the device as its readers see it, not of the file or layer
// that a piece happens to be in. Where an overlay has nothing of its own, the
// extent is what its backing device says, and a hole only beyond the end of
// that: what a backing device has data for is data of the overlay, though a
// write to it takes space. So a hole never has to be read, a server may tell it
// as unmapped or deallocated (SBC-3 section 4.7.3 with LBPRZ 1, NBD_STATE_HOLE
// with NBD_STATE_ZERO), and a copy may leave it out.
type Extent struct {
	Offset, Length int64
	// Hole: no space is set aside for it, in the device or below. It is Zero
	// too, always.
	Hole bool
	// Zero: it reads as zeros.
	Zero bool
}

// What can be wrong with an operation. Errors wrap one of these where it is
// the reason.
var (
	ErrOutOfRange = errors.New("outside the device")
	ErrReadOnly   = errors.New("the device is read-only")
	ErrNoSpace    = errors.New("no space left for the device")
	ErrGone       = errors.New("the device is gone")
)

// CheckRange returns an error that wraps ErrOutOfRange unless n bytes from off
// are on a device of the given size. It is safe for any numbers.
func CheckRange(off, n, size int64) error {
	if off < 0 || n < 0 || off > size || n > size-off {
		return fmt.Errorf("%d bytes at %d: %w of %d bytes", n, off, ErrOutOfRange, size)
	}
	return nil
}
