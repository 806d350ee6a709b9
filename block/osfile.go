package block

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
)

// FileOptions say how OpenFile opens a file. The zero value is for reading and
// writing a file that exists.
type FileOptions struct {
	// ReadOnly opens it for reading only.
	ReadOnly bool
	// Create makes an empty file where there is none, and opens one that exists
	// as it is (os.O_CREATE). Its length is set by Truncate, or by who writes.
	Create bool
	// New makes an empty file, and fails by fs.ErrExist where there is one
	// (os.O_CREATE with os.O_EXCL), so that no file is ever overwritten.
	New bool
	// Mode is the permissions that a file is made with, before umask; 0 is
	// 0o644.
	Mode fs.FileMode
	// Shared takes no lock: the caller knows what others do to the file.
	Shared bool
	// Direct bypasses the page cache (O_DIRECT). Addresses, offsets and
	// lengths must then be aligned as the file system demands; raw.Open sees to
	// that.
	Direct bool
}

// flags are those of os.OpenFile. A block device exists, and isn't made.
func (o FileOptions) flags() (flags int, err error) {
	flags = os.O_RDWR
	switch {
	case o.ReadOnly && (o.Create || o.New):
		return 0, errors.New("a file that is made is open for writing, not ReadOnly")
	case o.ReadOnly:
		flags = os.O_RDONLY
	case o.New:
		flags |= os.O_CREATE | os.O_EXCL
	case o.Create:
		flags |= os.O_CREATE
	}
	return flags, nil
}

// mode is what a file is made with.
func (o FileOptions) mode() fs.FileMode { return cmp.Or(o.Mode, 0o644) }

// ErrLocked is that another program uses a file in a way that excludes ours.
var ErrLocked = errors.New("in use by another program")
