package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/archive"
)

// tables is the most memory, in bytes, for an image's tables.
const tables = 32 << 20

// Disk is an open image.
type Disk struct {
	block.Device
	Format Format
	// Files are what it is read from: the image, its backing file, and so on.
	Files []string
	// Journal is the file of its journal while it is written to, "" if it has none.
	Journal string
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
	// below is where an image that was opened alone says that what it lies over
	// is.
	below []diskimage.Reference
}

// Options say how an image is opened.
type Options struct {
	ReadOnly bool
	// Format is what the caller knows of the file; "" is to look.
	Format Format
	// Allow are folders in which backing files may lie, besides that of the
	// image.
	Allow []string
	// Base, if set, makes the image an overlay: the only file that may be its
	// backing file, whose Format is told. An image that isn't there is made.
	Base string
	// Trouble, if set, is told when the journal of a file can't be written, and
	// with nil when it can again.
	Trouble func(file string, err error)

	bare   bool // without the image's journal
	alone  bool // without what it lies over
	lossy  bool // for reading, although the image's journal may have more
	shared bool // while others may write to it
	once   bool // it is read from one end to the other, and then closed
}

// Open opens a file, or a URL for reading. A disk at a URL is read for as long as
// the context lasts.
func Open(ctx context.Context, name string, o Options) (*Disk, error) {
	if o.Base != "" {
		return openOverlay(ctx, name, o)
	}
	return openImage(ctx, name, o)
}

func openImage(ctx context.Context, name string, o Options) (*Disk, error) {
	if isURL(name) {
		return openURL(ctx, name, o)
	}
	file, err := openFile(name, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	b := &backings{image: name, allow: o.Allow, base: o.Base, files: []string{name}}
	d, err := open(ctx, file, o, b.open)
	if err != nil {
		file.Close()
		return nil, advise(name, err)
	}
	d.Files = b.files
	return d, nil
}

// open makes a device of a file. A qcow2 image gets its journal.
func open(ctx context.Context, file block.File, o Options, opener diskimage.Opener) (*Disk, error) {
	d := &Disk{}
	options := diskimage.Options{
		ReadOnly: o.ReadOnly, Format: o.Format, Guess: true, Opener: opener, Alone: o.alone,
		Qcow2: qcow2.Options{CacheSize: tables, Lossy: o.lossy},
	}
	isQcow2 := o.Format == diskimage.Qcow2
	if o.Format == "" {
		format, err := diskimage.Detect(file)
		if err != nil {
			return nil, err
		}
		isQcow2 = format == diskimage.Qcow2
		if format == diskimage.Raw && compressed(file) {
			return nil, errCompressed
		}
	}
	if local, is := file.(*block.OSFile); is && isQcow2 && !o.bare {
		options.Format = diskimage.Qcow2 // what the journal is for
		var err error
		if options.Qcow2.Journal, err = d.journal(local, o); err != nil {
			return nil, err
		}
	}
	image, err := diskimage.Open(ctx, file, options)
	if err != nil {
		if j := options.Qcow2.Journal; j != nil {
			j.File.Close()
		}
		return nil, err
	}
	d.Device, d.Format, d.below = image.Device, image.Format, image.Below
	if q, is := image.Device.(*qcow2.Image); is {
		d.Unclosed, d.Recovered, d.Lost = q.Unclosed(), q.Recovered(), cmp.Or(d.Lost, q.Lost())
		if err := q.Unjournaled(); err != nil {
			d.Unsafe = err
		}
	}
	return d, nil
}

// errCompressed is that a file is no disk, but a compressed one, most likely.
var errCompressed = errors.New("it is a compressed file, out of which no disk can be read at random")

// compressed says whether what a file begins with unpacks. It looks no further: who may
// write to a raw disk can have anything in it.
func compressed(file block.File) bool {
	size, err := file.Size()
	if err != nil {
		return false
	}
	unpacked, ok, err := archive.Decompress(file, size)
	if err != nil || !ok {
		return false
	}
	defer unpacked.Close()
	n, _ := io.ReadFull(unpacked, make([]byte, 512))
	return n > 0
}

// journal is what an image is opened with: one to write to, or one that was left
// where it is only read; nil where there is none.
func (d *Disk) journal(file *block.OSFile, o Options) (j *qcow2.Journal, err error) {
	if o.ReadOnly {
		j, err = findJournal(file.Name(), file, o.shared)
	} else {
		j, d.Unsafe, err = makeJournal(file.Name())
		if j != nil {
			d.Journal, _ = journalOf(file.Name())
		}
	}
	if o.ReadOnly && o.lossy {
		d.Lost, err = err, nil // why what it has is missing
	}
	if j != nil && o.Trouble != nil {
		j.Trouble = func(err error) { o.Trouble(file.Name(), err) }
	}
	return j, err
}

// openFile opens a file that is, or could be, a disk.
func openFile(name string, readOnly bool) (*block.OSFile, error) {
	if err := isFile(name); err != nil {
		return nil, err
	}
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: readOnly})
	if err != nil {
		return nil, adviseOpen(name, readOnly, err)
	}
	return file, nil
}

// isFile refuses what would block when it is opened, or can't be a disk.
func isFile(name string) error {
	st, err := os.Stat(name)
	if err != nil {
		return advise(name, err)
	}
	switch m := st.Mode(); {
	case m.IsDir():
		return advice.New(name+" is a folder, neither a file nor a block device", "name the image in it")
	case !m.IsRegular() && m.Type() != fs.ModeDevice:
		return advice.New(name+" is neither a file nor a block device", "name the image's file")
	}
	return nil
}

// FlushAndClose makes everything durable and gives the files up.
func (d *Disk) FlushAndClose() error {
	var err error
	if !d.Caps().ReadOnly {
		if err = d.Flush(context.Background()); err != nil {
			err = fmt.Errorf("%s: the last writes may be lost: %w", d.Files[0], err)
		}
	}
	return errors.Join(err, d.Close())
}
