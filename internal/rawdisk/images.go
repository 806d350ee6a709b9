package rawdisk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/archive"
)

// UnpackedMost bounds what a compressed image unpacks to, in bytes. A machine has all of
// it in its memory, and MEMDISK takes no more than four GiB.
const UnpackedMost = 64 << 30

// Images opens images. All methods may be called at the same time.
type Images struct {
	dir  string
	most int64

	mu       sync.Mutex
	unpacked map[string]*os.File // by the image's name
}

// New makes Images that unpack into files in dir; empty for the folder for temporary
// files.
func New(dir string) *Images {
	return &Images{dir: dir, most: UnpackedMost, unpacked: map[string]*os.File{}}
}

// Close gives up what was unpacked. Disks that are still open stay readable.
func (i *Images) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var errs []error
	for name, f := range i.unpacked {
		errs = append(errs, f.Close())
		delete(i.unpacked, name)
	}
	return errors.Join(errs...)
}

// Open opens the disk in an image, f, by whose name a copy is found again that was made
// of it. ctx governs the disk's reads too. f is closed with the disk, and after an error.
func (i *Images) Open(ctx context.Context, name string, f fs.File) (fs.File, error) {
	d, err := i.open(ctx, name, f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return d, nil
}

func (i *Images) open(ctx context.Context, name string, f fs.File) (fs.File, error) {
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
	d := &disk{content: content, size: info.Size(), info: info, tag: tagOf(f, info), close: f.Close}
	copied, err := i.copyOf(ctx, name, content, info.Size())
	if err != nil {
		return nil, err
	}
	if copied != nil {
		stat, err := copied.Stat()
		if err != nil {
			return nil, err
		}
		d.content, d.size = copied, stat.Size()
	}
	format, err := diskimage.Detect(d.content)
	switch {
	case err != nil:
		return nil, advice.Wrap(err, "convert it to qcow2 or raw, with qemu-img for example")
	case format == diskimage.Raw && copied == nil:
		return f, nil // as it lies, so that it can be sent without a copy
	case format == diskimage.Raw:
		return d, nil
	}
	image, err := openWhole(ctx, block.FileOfReader(d.content, d.size), format)
	if err != nil {
		return nil, advice.Or(err, "make one image of it, with spur disk convert")
	}
	d.content, d.size = block.FileOf(ctx, image), image.Size()
	d.close = func() error { return errors.Join(image.Close(), f.Close()) }
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
		return nil, advice.Wrap(err, "it is damaged or cut off: download or copy it again; spur disk check says more")
	}
	return image, err
}

// copyOf is the copy of an image that is compressed; nil for one that isn't.
func (i *Images) copyOf(ctx context.Context, name string, content io.ReaderAt, size int64) (*os.File, error) {
	unpacked, ok, err := archive.Decompress(content, size)
	if err != nil || !ok {
		return nil, cutOff(err)
	}
	defer unpacked.Close()
	i.mu.Lock() // images are unpacked at the start, one after the other
	defer i.mu.Unlock()
	if f := i.unpacked[name]; f != nil {
		return f, nil
	}
	f, err := unpack(ctx, unpacked, i.dir, i.most)
	if err != nil {
		return nil, err
	}
	i.unpacked[name] = f
	return f, nil
}
