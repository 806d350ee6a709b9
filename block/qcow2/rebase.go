package qcow2

import (
	"bytes"
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
)

// RebaseOptions say what backing image an image gets.
type RebaseOptions struct {
	// Name and Format are written into the image. "" is none.
	Name, Format string
	// Backing is the new backing image, opened. It isn't closed with the
	// image. nil is none, or, with Unsafe, that the open image goes on with
	// the old one.
	Backing block.Device
	// Unsafe changes the name alone: the caller knows that the new backing
	// image reads the same, say because it was moved.
	Unsafe bool
}

// Rebase gives the image another backing image. Unless it is told to be Unsafe,
// the disk reads the same afterwards: what the two backing images have
// different is copied into the image first. Other operations wait meanwhile.
//
// The header is written at once. When with the name and extensions it is longer
// than a sector of 512 bytes, a loss of power at that very moment can damage it.
func (img *Image) Rebase(ctx context.Context, o RebaseOptions) error {
	if err := img.writable(); err != nil {
		return err
	}
	if err := img.alone(ctx); err != nil {
		return err
	}
	defer img.letIn()
	if !o.Unsafe {
		err := img.each(ctx, func(ctx context.Context, r run, off int64) (int64, error) {
			return img.rebaseRun(ctx, o.Backing, r, off)
		})
		if err != nil {
			return fmt.Errorf("rebase: %w", err)
		}
		if err := img.Flush(ctx); err != nil {
			return err
		}
	}
	if err := img.rename(o.Name, o.Format); err != nil {
		return fmt.Errorf("rebase: %w", err)
	}
	if o.Backing != nil || !o.Unsafe || o.Name == "" {
		img.closeBacking()
		img.backing, img.ownsBacking = o.Backing, false
	}
	return nil
}

// rebaseRun copies what the new backing image has different from the old one.
func (img *Image) rebaseRun(ctx context.Context, to block.Device, r run, off int64) (int64, error) {
	if r.kind != absent {
		return r.n, nil
	}
	if img.inBacking(off, r.n) == 0 && (to == nil || to.Size() <= off) {
		return r.n, nil
	}
	const half = scratchSize / 2
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	n := min(r.n, int64(len(sc.buf)/2), half)
	old, now := sc.buf[:n], sc.buf[len(sc.buf)/2:][:n]
	if err := img.readBacking(ctx, old, off); err != nil {
		return 0, err
	}
	clear(now)
	if to != nil && to.Size() > off {
		if err := to.Read(ctx, now[:min(n, to.Size()-off)], off); err != nil {
			return 0, fmt.Errorf("the new backing image: %w", err)
		}
	}
	if bytes.Equal(old, now) {
		return n, nil
	}
	return n, img.write(ctx, old, off)
}

// rename writes another backing file name into the header.
func (img *Image) rename(name, format string) error {
	img.heading.Lock()
	defer img.heading.Unlock()
	was := img.header
	img.header.name, img.header.format = name, format
	err := img.rewriteHeader()
	if err != nil {
		img.header = was
	}
	return err
}

// rewriteHeader writes the header with its extensions and the name.
func (img *Image) rewriteHeader() error {
	b, err := img.header.encode()
	if err != nil {
		return err
	}
	if k := int(img.header.length); k > ourLength { // fields that we don't know of
		if err := readFull(img.file, b[ourLength:k], ourLength); err != nil {
			return err
		}
	}
	if _, err := img.file.WriteAt(b, 0); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	return img.sync()
}
