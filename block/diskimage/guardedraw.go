package diskimage

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// guessed is a raw disk that was only guessed to be one. What would make it
// look like another format is not written: at the next start it would be taken
// for an image, and the files that such an image names be read to whoever wrote
// it. QEMU refuses the same where it guessed (raw_co_pwritev in its
// block/raw-format.c).
//
// Only the head is guarded, since Detect looks at nothing else: a VHD's footer
// makes no VHD.
type guessed struct {
	*raw.Device
	// head is held by who changes the head, so that two changes which are
	// harmless apart don't make a header together.
	head chan struct{}
}

func guard(d *raw.Device) *guessed { return &guessed{Device: d, head: make(chan struct{}, 1)} }

// Write implements block.Device.
func (g *guessed) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	return g.change(ctx, off, int64(len(p)), func(head []byte) { copy(head[off:], p) },
		func() error { return g.Device.Write(ctx, p, off, flags) })
}

// Trim implements block.Device. A zero can be the last byte of a magic.
func (g *guessed) Trim(ctx context.Context, off, n int64) error {
	return g.change(ctx, off, n, func(head []byte) { clear(head[off:min(off+n, headSize)]) },
		func() error { return g.Device.Trim(ctx, off, n) })
}

// Zero implements block.Device.
func (g *guessed) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	return g.change(ctx, off, n, func(head []byte) { clear(head[off:min(off+n, headSize)]) },
		func() error { return g.Device.Zero(ctx, off, n, flags) })
}

// change makes a change of n bytes from off, unless the head that it would leave
// is one of another format.
func (g *guessed) change(ctx context.Context, off, n int64, apply func(head []byte), do func() error) error {
	if off >= headSize || n == 0 || block.CheckRange(off, n, g.Size()) != nil || g.Caps().ReadOnly {
		return do()
	}
	select {
	case g.head <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.head }()
	head := make([]byte, headSize)
	if err := g.Read(ctx, head[:min(headSize, g.Size())], 0); err != nil {
		return err
	}
	apply(head)
	if format := looksLike(head); format != Raw {
		return DisguiseError{format}
	}
	return do()
}

// DisguiseError is that a write was refused to a raw disk that was only guessed to
// be one, because the disk would have looked like an image of this format.
type DisguiseError struct{ As Format }

// Error implements error.
func (e DisguiseError) Error() string {
	return fmt.Sprintf("what was written would make this raw disk look like a %s image, and was refused, because its format was only guessed", e.As)
}

// Unwrap makes it a block.ErrReadOnly, so that clients are told that they may not
// write this.
func (DisguiseError) Unwrap() error { return block.ErrReadOnly }
