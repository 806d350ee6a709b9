package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bootimage"
	"github.com/spurboot/spur/internal/iso"
)

// placed is a file that knows where in the image that it is in it lies.
type placed interface {
	fs.File
	io.ReaderAt
	io.Seeker
	Size() int64
	Place(off int64) (at, n int64, err error)
}

// inside is a file within an image, read through an image that is its own.
type inside struct {
	placed
	container container
	name      boot.File
}

// openInside opens a regular file of an image.
func openInside(image *iso.Image, c container, name boot.File) (*inside, error) {
	f, err := openPlaced(image, c, name.Inside)
	if err != nil {
		return nil, err
	}
	file, ok := f.(placed)
	if info, err := f.Stat(); err != nil || !ok || info.IsDir() {
		return nil, fmt.Errorf("%s: %w (not a regular file)", name.Inside, fs.ErrInvalid)
	}
	return &inside{file, c, name}, nil
}

// openPlaced opens a file by its path in an image, which may be one in the boot image.
func openPlaced(image *iso.Image, c container, name string) (fs.File, error) {
	name, efi := strings.CutPrefix(name, boot.EFIImage)
	if !efi {
		return image.Open(name)
	}
	boots, err := bootimage.Of(image, c.ReaderAt, c.info.Size())
	if err != nil {
		return nil, err
	}
	return boots.Open(name)
}

// Backing implements httpd.Backed: what lies in a file of this host is sent from there.
func (f *inside) Backing(off int64) (file *os.File, at, n int64, err error) {
	at, n, err = f.Place(off)
	if err != nil || at < 0 {
		return nil, 0, 0, err
	}
	switch whole := f.container.file.(type) {
	case *os.File:
		return whole, at, n, nil
	case backed:
		file, at, have, err := whole.Backing(at)
		return file, at, min(n, have), err
	}
	return nil, 0, 0, nil
}

// ETag implements httpd.Tagged. It is of the image and of where in it the file is, so
// that it stays the same after a restart and on another server with the same image.
func (f *inside) ETag() string {
	if f.container.tag == "" {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %d", f.container.tag, f.name.Inside, f.Size())
	for off := int64(0); off < f.Size(); {
		at, n, err := f.Place(off)
		if err != nil {
			break
		}
		fmt.Fprintf(h, " %d+%d", at, n)
		off += n
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// Stat implements fs.File. A file changes when its image does.
func (f *inside) Stat() (fs.FileInfo, error) {
	own, err := f.placed.Stat()
	return insideInfo{own, f.container.info}, err
}

// Close closes the image.
func (f *inside) Close() error { return f.container.file.Close() }

// insideInfo is a file's own name and size, and the rest of its image.
type insideInfo struct {
	own fs.FileInfo
	fs.FileInfo
}

func (i insideInfo) Name() string { return i.own.Name() }
func (i insideInfo) Size() int64  { return i.own.Size() }
