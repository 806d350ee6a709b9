package block

import "io"

// File is where a device keeps its bytes: a raw image, or one with a format
// such as qcow2. OpenFile opens one of the operating system; tests put a
// recorder or trouble in its place (package blocktest).
//
// ReadAt and WriteAt may be called at the same time, also on ranges that
// overlap. A WriteAt beyond the end makes the file longer, and what lies
// between reads as zeros. Errors wrap ErrNoSpace where space is the reason.
type File interface {
	Source
	io.WriterAt
	// Truncate makes the file that long, in bytes; what it adds reads as zeros.
	Truncate(size int64) error
	// Sync makes durable every WriteAt, Truncate and other change that has
	// returned. After it failed, what was written since the last good one may
	// be lost, and a later Sync that succeeds doesn't change that.
	Sync() error
}

// Source is as much of a File as who only reads it needs.
type Source interface {
	io.ReaderAt
	io.Closer
	// Size is the length of the file in bytes.
	Size() (int64, error)
}

// SparseFile is a File that can have holes. What a file can't do at all is
// answered by an error that wraps errors.ErrUnsupported, and nothing is done.
// None of these changes the file's length.
type SparseFile interface {
	File
	// PunchHole gives back the space of n bytes from off; they read as zeros.
	PunchHole(off, n int64) error
	// ZeroRange makes n bytes from off read as zeros and keeps, or sets aside,
	// their space.
	ZeroRange(off, n int64) error
	// Next tells of the extent that begins at off and doesn't reach beyond
	// off+n: whether it is a hole, and so zero. off+n is not beyond the end.
	Next(off, n int64) (Extent, error)
}

// InFile is a Device of which pieces are in files of the operating system, so
// that a server can send them by splice(2), or map them (mmap(2)), without a
// copy.
type InFile interface {
	// InFile returns the descriptor of the file that has n bytes from off, and
	// where there, for as long as the device is open. ok is false where no one
	// file has them as they are. The descriptor is for reading only. What is
	// written to the device is read there at once.
	InFile(off, n int64) (fd int, at int64, ok bool)
}

// DurableWriter is a File that can make a single write durable at less cost
// than a WriteAt and a Sync.
type DurableWriter interface {
	// WriteDurable is WriteAt, durable once it has returned.
	WriteDurable(p []byte, off int64) (int, error)
}
