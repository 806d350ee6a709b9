package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
)

// ConvertOptions say how Convert writes.
type ConvertOptions struct {
	// From is the source's format; "" is to look.
	From Format
	// To is the new file's format; "" is qcow2.
	To Format
	// Allow is for backing files of the source; see Options.
	Allow []string
	// Progress, if set, is called as the copy goes on, with how far it is of
	// the disk, and how much was copied because it is not zero, all in bytes.
	Progress func(done, size, copied int64)
	// Notice, if set, is called with what is odd about the copy.
	Notice func(text string)
}

// startAgain is the advice after an interrupt.
const startAgain = "start it again when you like"

const (
	window = 256 << 20 // bytes whose extents are listed at once
	piece  = 1 << 20   // bytes that are copied at once
	grain  = 4 << 10   // bytes that are left out where they are zero
)

// Convert copies a disk, from a file or a URL, into a new file without a
// backing file. What is zero takes no space.
func Convert(ctx context.Context, from, to string, o ConvertOptions) error {
	var err error
	if o.To, err = NewFormat(to, o.To); err != nil {
		return err
	}
	src, err := Open(ctx, from, Options{ReadOnly: true, Format: o.From, Allow: o.Allow, once: true})
	if ctx.Err() != nil && err != nil {
		return advice.New("interrupted; nothing was made", startAgain)
	}
	if err != nil {
		return err
	}
	defer src.Close()
	tellLost(src, o.Notice)
	if err := Create(ctx, to, CreateOptions{Size: src.Size(), Format: o.To}); err != nil {
		return err
	}
	dst, err := Open(ctx, to, Options{Format: o.To, bare: true})
	if err != nil {
		return discard(to, err)
	}
	before, _ := Validators(src.Files)
	err = (&copying{dst: dst, src: src, name: from, buffer: make([]byte, piece), progress: o.Progress}).run(ctx)
	if after, _ := Validators(src.Files); err == nil && after != before {
		err = advice.New(from+", or what it lies over, was written to or replaced while it was copied; the copy is removed", "try again once nobody writes to it")
	}
	if ctx.Err() != nil {
		_ = dst.Close() // it needn't be durable
		_ = os.Remove(to)
		return advice.New("interrupted; what there was of "+to+" is removed", startAgain)
	}
	err = discard(to, errors.Join(err, dst.FlushAndClose()))
	if err == nil && o.To == diskimage.Raw && o.Notice != nil {
		return noticeDisguise(to, o.Notice)
	}
	return err
}

// tellLost tells of a disk that may lack what was written to it last.
func tellLost(d *Disk, notice func(text string)) {
	if d.Lost != nil && notice != nil {
		notice(fmt.Sprintf("%s wasn't closed by the program that wrote to it last, and what was written last and not flushed may be missing: %v", d.Files[0], d.Lost))
	}
}

// noticeDisguise tells of a raw file that will be taken for an image where its
// format is guessed, because the disk has one in it.
func noticeDisguise(name string, notice func(text string)) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	format, err := diskimage.Detect(file)
	var other diskimage.UnreadableError
	if errors.As(err, &other) {
		format, err = other.Format, nil
	}
	if err != nil {
		return err
	}
	if format != diskimage.Raw {
		notice(fmt.Sprintf("%s looks like a %s image, and isn't: wherever it is used, %s", name, format, sayRaw))
	}
	return nil
}

// copying copies what isn't zero to a disk that is all zero.
type copying struct {
	dst, src block.Device
	name     string // of src
	buffer   []byte
	progress func(done, size, copied int64)
	copied   int64
}

func (c *copying) run(ctx context.Context) error {
	size := c.src.Size()
	for off := int64(0); off < size; off += window {
		data, err := dataIn(ctx, c.src, off, min(window, size-off))
		if err != nil {
			return advise(c.name, err)
		}
		for _, e := range data {
			if err := c.copy(ctx, e.Offset, e.Length); err != nil {
				return err
			}
		}
		c.tell(min(off+window, size))
	}
	return nil
}

func (c *copying) tell(done int64) {
	if c.progress != nil {
		c.progress(done, c.src.Size(), c.copied)
	}
}

// dataIn lists the extents of a range that may be other than zero. It ends
// before the first is read, because a device may hold locks meanwhile.
func dataIn(ctx context.Context, src block.Device, off, n int64) ([]block.Extent, error) {
	var data []block.Extent
	err := src.Extents(ctx, off, n, func(e block.Extent) bool {
		if !e.Zero {
			data = append(data, e)
		}
		return true
	})
	return data, err
}

func (c *copying) copy(ctx context.Context, off, n int64) error {
	for n > 0 {
		p := c.buffer[:min(n, int64(len(c.buffer)))]
		if err := c.src.Read(ctx, p, off); err != nil {
			return advise(c.name, fmt.Errorf("read %d bytes at %d: %w", len(p), off, err))
		}
		if err := c.write(ctx, p, off); err != nil {
			return fmt.Errorf("write %d bytes at %d: %w", len(p), off, err)
		}
		off, n = off+int64(len(p)), n-int64(len(p))
		c.tell(off)
	}
	return nil
}

// write writes the runs of p that aren't zero.
func (c *copying) write(ctx context.Context, p []byte, off int64) error {
	for len(p) > 0 {
		zeros, data := runs(p)
		if data > zeros {
			if err := c.dst.Write(ctx, p[zeros:data], off+int64(zeros), 0); err != nil {
				return err
			}
			c.copied += int64(data - zeros)
		}
		p, off = p[data:], off+int64(data)
	}
	return nil
}

// runs measures the zeros that p begins with, and where the data behind them
// end, in grains.
func runs(p []byte) (zeros, data int) {
	empty := make([]byte, grain)
	isZero := func(at int) bool {
		g := p[at:min(at+grain, len(p))]
		return bytes.Equal(g, empty[:len(g)])
	}
	for zeros < len(p) && isZero(zeros) {
		zeros += grain
	}
	zeros = min(zeros, len(p))
	for data = zeros; data < len(p) && !isZero(data); {
		data += grain
	}
	return zeros, min(data, len(p))
}
