package rawdisk

import (
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"
)

// disk is what is on a disk, as a file.
type disk struct {
	content io.ReaderAt
	size    int64
	info    fs.FileInfo // of the image
	tag     string
	close   func() error
	at      int64
}

// ReadAt implements io.ReaderAt.
func (d *disk) ReadAt(p []byte, off int64) (int, error) { return d.content.ReadAt(p, off) }

// Read implements fs.File.
func (d *disk) Read(p []byte) (int, error) {
	n, err := d.content.ReadAt(p, d.at)
	d.at += int64(n)
	if n > 0 {
		return n, nil
	}
	return n, err
}

// Seek implements io.Seeker.
func (d *disk) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += d.at
	case io.SeekEnd:
		offset += d.size
	}
	if offset < 0 {
		return d.at, fmt.Errorf("%s: %w (sought before its start)", d.info.Name(), fs.ErrInvalid)
	}
	d.at = offset
	return offset, nil
}

// Close implements fs.File.
func (d *disk) Close() error { return d.close() }

// ETag is that of the image, or made of the image's time and size: the disk changes with
// it.
func (d *disk) ETag() string { return d.tag }

func tagOf(f fs.File, info fs.FileInfo) string {
	if tagged, ok := f.(interface{ ETag() string }); ok {
		return tagged.ETag()
	}
	if info.ModTime().IsZero() {
		return ""
	}
	return `"` + strconv.FormatInt(info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(info.Size(), 36) + `"`
}

// Stat implements fs.File.
func (d *disk) Stat() (fs.FileInfo, error) { return diskInfo{d}, nil }

type diskInfo struct{ d *disk }

func (i diskInfo) Name() string       { return i.d.info.Name() }
func (i diskInfo) Size() int64        { return i.d.size }
func (i diskInfo) Mode() fs.FileMode  { return 0o444 }
func (i diskInfo) ModTime() time.Time { return i.d.info.ModTime() }
func (i diskInfo) IsDir() bool        { return false }
func (i diskInfo) Sys() any           { return nil }
