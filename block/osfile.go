package block

import "errors"

// FileOptions say how OpenFile opens a file.
type FileOptions struct {
	// ReadOnly opens it for reading only.
	ReadOnly bool
	// Shared takes no lock: the caller knows what others do to the file.
	Shared bool
	// Direct bypasses the page cache (O_DIRECT). Addresses, offsets and
	// lengths must then be aligned as the file system demands.
	Direct bool
}

// ErrLocked is that another program uses a file in a way that excludes ours.
var ErrLocked = errors.New("in use by another program")
