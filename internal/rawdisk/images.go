package rawdisk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
)

// UnpackedMost bounds what all compressed images together unpack to, in bytes. A machine
// has all of its own in its memory, and MEMDISK takes no more than four GiB.
const UnpackedMost = 64 << 30

// Images opens images. All methods may be called at the same time.
type Images struct {
	dir  string
	most int64
	say  func(line string)
	jobs chan job // nil where nothing is unpacked in the background
	// places are for images that are being unpacked, and turn is for the one of them whose
	// next piece is.
	places, turn chan struct{}
	// retryAfter is when an image is tried again for which there was no room, and gone how
	// often it is seen which images aren't there any more.
	retryAfter, gone time.Duration

	mu       sync.Mutex
	copies   map[string]unpacked      // by the image's name
	waiting  map[string]bool          // the names of jobs
	underWay map[string]chan struct{} // of images that are unpacked or wait for a place; closed at the end
}

// New makes Images that unpack into files in dir; empty for the folder for temporary
// files. say tells people how far that is, where it takes long.
func New(dir string, say func(line string)) *Images {
	return &Images{dir: dir, most: UnpackedMost, say: say, places: make(chan struct{}, atOnce), turn: make(chan struct{}, 1),
		retryAfter: time.Minute, gone: time.Minute,
		copies: map[string]unpacked{}, waiting: map[string]bool{}, underWay: map[string]chan struct{}{}}
}

// Close gives up what was unpacked. Disks that are still open stay readable.
func (i *Images) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var errs []error
	for name, c := range i.copies {
		errs = append(errs, c.close())
		delete(i.copies, name)
	}
	return errors.Join(errs...)
}

// Open opens the disk in an image, f, by whose name a copy is found again that was made
// of it. ctx governs the disk's reads too. f is closed with the disk, and after an error.
func (i *Images) Open(ctx context.Context, name string, f fs.File) (fs.File, error) {
	return i.openBy(ctx, name, f, i.unpackNow)
}

// Ready opens images without waiting until one is unpacked.
type Ready struct{ *Images }

// Open is like that of Images. Its error is ErrUnpacking where there is no copy yet; Run
// makes it. Without Background it waits.
func (r Ready) Open(ctx context.Context, name string, f fs.File) (fs.File, error) {
	if r.jobs == nil {
		return r.Images.Open(ctx, name, f)
	}
	return r.openBy(ctx, name, f, r.unpackLater)
}

// unpacker gives the copy of an image that is compressed.
type unpacker func(ctx context.Context, of job) (*unpacked, error)

func (i *Images) openBy(ctx context.Context, name string, f fs.File, by unpacker) (fs.File, error) {
	d, err := i.open(ctx, name, f, by)
	switch {
	case errors.Is(err, errQueued):
		return nil, fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return d, nil
}

func (i *Images) open(ctx context.Context, name string, f fs.File, by unpacker) (fs.File, error) {
	if coming, ok := f.(interface{ WaitSize(func(int64)) error }); ok { // of a server that doesn't tell it
		if err := coming.WaitSize(nil); err != nil {
			return nil, err
		}
	}
	content, ok := f.(io.ReaderAt)
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !ok || info.Size() < 0:
		return nil, advice.New("its size isn't known, and machines ask for that first", "copy it here")
	}
	copied, err := i.copyOf(ctx, job{name, f, content, info}, by)
	if err != nil {
		return nil, err
	}
	d := &disk{content: content, size: info.Size(), info: info, tag: tagOf(f, info), close: f.Close}
	if copied == nil {
		return d.inImage(ctx, f)
	}
	d.content, d.size = copied.file, copied.size
	d.close = func() error { return errors.Join(copied.close(), f.Close()) }
	found, err := d.inImage(ctx, d)
	if err != nil {
		return nil, errors.Join(err, copied.close())
	}
	return found, nil
}

// inImage opens the disk in the image that d is yet; asItLies is what a raw one is read by,
// so that it can be sent without a copy.
func (d *disk) inImage(ctx context.Context, asItLies fs.File) (fs.File, error) {
	format, err := diskimage.Detect(d.content)
	switch {
	case err != nil:
		return nil, advice.Wrap(err, "convert it to qcow2 or raw, with qemu-img for example")
	case format == diskimage.Raw:
		return asItLies, nil
	}
	image, err := openWhole(ctx, block.FileOfReader(d.content, d.size), format)
	if err != nil {
		return nil, advice.Or(err, "make one image of it, with spur disk convert")
	}
	d.content, d.size = block.FileOf(ctx, image), image.Size()
	below := d.close
	d.close = func() error { return errors.Join(image.Close(), below()) }
	return d, nil
}

// openWhole opens an image that is in a file as a whole.
func openWhole(ctx context.Context, file block.File, format diskimage.Format) (*diskimage.Image, error) {
	image, err := diskimage.Open(ctx, file, diskimage.Options{ReadOnly: true, Format: format})
	if err == nil {
		if d, ok := image.Device.(interface{ Whole() error }); ok {
			if err = d.Whole(); err != nil {
				err = errors.Join(err, image.Close())
			}
		}
	}
	if errors.Is(err, qcow2.ErrCorrupt) || errors.Is(err, qcow2.ErrFormat) || errors.Is(err, imagemap.ErrDamaged) {
		return nil, advice.Wrap(err, "it is damaged or cut off: download or copy it again")
	}
	return image, err
}
