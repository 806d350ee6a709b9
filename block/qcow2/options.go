package qcow2

import "github.com/spurboot/spur/block"

// Options say how an image is opened.
type Options struct {
	// ReadOnly has the image refuse every change, and the file left as it is.
	ReadOnly bool
	// Opener opens the backing file that the image names. Without one an image
	// that has a backing file is refused.
	Opener Opener
	// Backing takes the place of what the image names; it isn't closed with
	// the image, so that many overlays may share it.
	Backing block.Device
	// CacheSize bounds the memory for L2 tables, in bytes: 4 KiB of it serve
	// 32 MiB of disk with clusters of 64 KiB, or 16 MiB with extended entries.
	// Memory is taken as it is needed. 0 is 1 MiB.
	CacheSize int64
	// Journal, where there is one, has nothing that was written be lost when
	// the process is killed. It is for images of version 3 that are open for
	// writing. With ReadOnly, Open fails by ErrUnplayed if it has writes that the
	// image doesn't, and by ErrNoJournal or ErrOtherSession if another one may
	// have them, as do backing files.
	Journal *Journal
	// Lossy has an image be opened for reading all the same; Lost says why
	// something may be missing.
	Lossy bool

	depth   int
	parents []string
}
