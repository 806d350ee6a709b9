package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
)

// openOverlay opens an overlay over o.Base, which is made if there is none. What
// is written goes to the overlay; the base is only read.
func openOverlay(ctx context.Context, overlay string, o Options) (*Disk, error) {
	base := o.Base
	if isURL(base) {
		return nil, advice.New("an overlay over a URL isn't possible", "convert it to a file first: spur disk convert "+base+" FILE")
	}
	if _, err := os.Stat(overlay); errors.Is(err, fs.ErrNotExist) {
		if _, err := NewFormat(overlay, ""); err != nil {
			return nil, advice.Wrap(err, "an overlay is a qcow2 image: name it .qcow2")
		}
		if err := Create(ctx, overlay, CreateOptions{Backing: base, BackingFormat: o.Format, Allow: o.Allow}); err != nil {
			return nil, err
		}
	}
	path, err := filepath.EvalSymlinks(base)
	if err != nil {
		return nil, advise(base, err)
	}
	o.Format, o.Base = diskimage.Qcow2, path
	d, err := openImage(ctx, overlay, o)
	if errors.Is(err, qcow2.ErrFormat) && !begins(overlay, diskimage.Qcow2) {
		return nil, advice.New(overlay+" is no overlay: it isn't a qcow2 image", "name another --overlay, which is made if it doesn't exist")
	}
	if err != nil {
		return nil, err
	}
	if len(d.Files) < 2 {
		d.Close()
		return nil, sameFileMissing(overlay, base)
	}
	return d, nil
}

// begins says whether a file begins as one of a format does.
func begins(name string, format Format) bool {
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	looks, err := diskimage.Detect(file)
	return err == nil && looks == format
}
