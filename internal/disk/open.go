package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/block/vhd"
	"github.com/spurboot/spur/block/vhdx"
	"github.com/spurboot/spur/block/vmdk"
	"github.com/spurboot/spur/internal/hint"
)

// tables is the most memory, in bytes, for an image's tables.
const tables = 32 << 20

// Disk is an open image.
type Disk struct {
	block.Device
	Format Format
	// Files are what it is read from: the image, its backing file, and so on.
	Files []string
	// Unsafe is why there is no journal, so that a kill of this process may lose
	// what was written last; nil if nothing may be lost.
	Unsafe error
	// Unclosed is that the program that wrote to the image last didn't close it.
	Unclosed bool
	// Recovered is how many clusters the journal brought back.
	Recovered int
	// Lost is why it could not bring back what wasn't flushed, or, of an image
	// that is only read, has something that the image doesn't; nil if nothing is
	// missing.
	Lost error
}

// Options say how an image is opened.
type Options struct {
	ReadOnly bool
	// Format is what the caller knows of the file; "" is to look.
	Format Format
	// Allow are folders in which backing files may lie, besides that of the
	// image.
	Allow []string

	base   string // the only file that may be the image's backing file, if set
	bare   bool   // without the image's journal
	lossy  bool   // for reading, although the image's journal may have more
	shared bool   // while others may write to it
	// trouble is told when the journal of a file can't be written, and with nil
	// when it can again.
	trouble func(file string, err error)
	once    bool // it is read from one end to the other, and then closed
}

// Open opens a file, or a URL for reading. A disk at a URL is read for as long as
// the context lasts.
func Open(ctx context.Context, name string, o Options) (*Disk, error) {
	if isURL(name) {
		return openURL(ctx, name, o)
	}
	file, err := openFile(name, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	b := &backings{allow: o.Allow, base: o.base, files: []string{name}}
	d, err := open(ctx, file, o, b.beside(ctx, name))
	if err != nil {
		file.Close()
		return nil, explain(name, err)
	}
	d.Files = b.files
	return d, nil
}

// openQcow2 opens an image with its journal.
func openQcow2(ctx context.Context, file block.File, o Options, backing qcow2.Opener) (*Disk, error) {
	options := qcow2.Options{ReadOnly: o.ReadOnly, Opener: backing, CacheSize: tables, Lossy: o.lossy}
	d, err := &Disk{Format: Qcow2}, error(nil)
	var unread error // why the journal can't be
	local, is := file.(*block.OSFile)
	switch {
	case !is || o.bare:
	case o.ReadOnly:
		if options.Journal, err = findJournal(local.Name(), file, o.shared); o.lossy {
			unread, err = err, nil
		}
	default:
		options.Journal, d.Unsafe, err = makeJournal(local.Name())
	}
	if err != nil {
		return nil, err
	}
	if options.Journal != nil && o.trouble != nil {
		options.Journal.Trouble = func(err error) { o.trouble(local.Name(), err) }
	}
	image, err := qcow2.Open(ctx, file, options)
	if err != nil {
		if options.Journal != nil {
			options.Journal.File.Close()
		}
		return nil, err
	}
	d.Device, d.Unclosed, d.Recovered, d.Lost = image, image.Unclosed(), image.Recovered(), cmp.Or(unread, image.Lost())
	if err := image.Unjournaled(); err != nil {
		d.Unsafe = err
	}
	return d, nil
}

// beside opens what else an image consists of.
type beside struct {
	backing qcow2.Opener
	extent  func(ctx context.Context, name string) (block.Source, error)
	// parent opens an image of the same format, by any of the names that an
	// image has for it.
	parent func(format Format, names ...string) (block.Device, error)
}

// open makes a device of a file.
func open(ctx context.Context, file block.File, o Options, b beside) (*Disk, error) {
	d := &Disk{Format: o.Format}
	var err error
	if d.Format == "" {
		if d.Format, err = detect(file); err != nil {
			return nil, err
		}
	}
	if d.Format != Raw && d.Format != Qcow2 && !o.ReadOnly {
		return nil, onlyRead{d.Format}
	}
	switch d.Format {
	case Raw:
		device, err := raw.Open(ctx, file, raw.Options{ReadOnly: o.ReadOnly})
		if err != nil {
			return nil, err
		}
		d.Device = device
		if o.Format == "" && !o.ReadOnly {
			d.Device = guess(device)
		}
	case Qcow2:
		return openQcow2(ctx, file, o, b.backing)
	case VHD, VHDX, VMDK:
		device, err := openImageMap(ctx, file, d.Format, b)
		if err != nil {
			return nil, err
		}
		d.Device = device
	default:
		return nil, fmt.Errorf("format %s is unknown; it is one of %s", d.Format, readable)
	}
	return d, nil
}

// openImageMap opens an image of a format that is only read.
func openImageMap(ctx context.Context, file block.File, format Format, b beside) (*imagemap.Device, error) {
	switch format {
	case VHD:
		return vhd.Open(ctx, file, vhd.Options{Parent: func(_ context.Context, name string) (block.Device, error) { return b.parent(VHD, name) }})
	case VHDX:
		return vhdx.Open(ctx, file, vhdx.Options{Parent: func(_ context.Context, locator map[string]string) (block.Device, error) {
			return b.parent(VHDX, locator["relative_path"], locator["absolute_win32_path"])
		}})
	}
	return vmdk.Open(ctx, file, vmdk.Options{Extent: b.extent, Parent: func(_ context.Context, name string) (block.Device, error) { return b.parent(VMDK, name) }})
}

// openFile opens a file that is, or could be, a disk.
func openFile(name string, readOnly bool) (*block.OSFile, error) {
	if err := isFile(name); err != nil {
		return nil, err
	}
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: readOnly})
	if err != nil {
		return nil, explainOpen(name, readOnly, err)
	}
	return file, nil
}

// isFile refuses what would block when it is opened, or can't be a disk.
func isFile(name string) error {
	st, err := os.Stat(name)
	if err != nil {
		return explain(name, err)
	}
	switch m := st.Mode(); {
	case m.IsDir():
		return hint.New(name+" is a folder, neither a file nor a block device", "name the image in it")
	case !m.IsRegular() && m.Type() != fs.ModeDevice:
		return hint.New(name+" is neither a file nor a block device", "name the image's file")
	}
	return nil
}

// closeDisk makes everything durable and gives the files up.
func closeDisk(d *Disk) error {
	var err error
	if !d.Caps().ReadOnly {
		if err = d.Flush(context.Background()); err != nil {
			err = fmt.Errorf("%s: the last writes may be lost: %w", d.Files[0], err)
		}
	}
	return errors.Join(err, d.Close())
}
