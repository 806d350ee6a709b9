package disk

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/httpblock"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/hint"
)

func isURL(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// openURL opens an image on a web server, for reading.
func openURL(ctx context.Context, url string, o Options) (*Disk, error) {
	if !o.ReadOnly {
		return nil, hint.New(url+" can only be read", "add --read-only, or write to an overlay: convert the image to a file first")
	}
	remote, err := httpblock.Open(ctx, url, httpblock.Options{Unchecked: o.once})
	if err != nil {
		return nil, explainURL(url, err)
	}
	refused := hint.New("an image at a URL may have no backing file", "download both and convert them here")
	d, err := open(ctx, remoteFile{ctx, remote}, o, beside{
		backing: func(context.Context, qcow2.Reference) (qcow2.Backing, error) { return qcow2.Backing{}, refused },
		parent:  func(Format, ...string) (block.Device, error) { return nil, refused },
	})
	if err != nil {
		remote.Close()
		return nil, explain(url, err)
	}
	d.Files = []string{url}
	return d, nil
}

// remoteFile is a device as the file of an image that is only read. Formats read
// their files without a context, so it has the one for which the image is open:
// a server that stalls holds nobody up who is told to end.
type remoteFile struct {
	ctx context.Context
	dev block.Device
}

var errRemote = errors.New("a file on a web server can only be read")

func (f remoteFile) ReadAt(p []byte, off int64) (int, error) {
	size := f.dev.Size()
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), size-off)
	if err := f.dev.Read(f.ctx, p[:n], off); err != nil {
		return 0, err
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

func (f remoteFile) WriteAt([]byte, int64) (int, error) { return 0, errRemote }
func (f remoteFile) Truncate(int64) error               { return errRemote }
func (f remoteFile) Size() (int64, error)               { return f.dev.Size(), nil }
func (f remoteFile) Sync() error                        { return nil }
func (f remoteFile) Close() error                       { return f.dev.Close() }
