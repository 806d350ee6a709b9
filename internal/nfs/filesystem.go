package nfs

import "math"

// fileSystemStatus carries out FSSTAT (RFC 1813 section 3.3.18).
func fileSystemStatus(_ *conn, p place, _ *decoder, e *encoder) error {
	e.succeed(p)
	for range 6 { // bytes and files: all, free, free for who asks
		e.uint64(0)
	}
	e.uint32(math.MaxUint32) // for so long that doesn't change
	return nil
}

// Sizes that clients are told: with what is around it a write is no longer than a call may be.
const (
	mostRead      = 1 << 20
	mostWrite     = 8 << 10  // libnfs takes no less
	mostFolder    = 32 << 10 // bytes of a part of a folder's list
	sizeMultiple  = 4 << 10
	hasLinks      = 0x02 // symbolic ones
	isHomogeneous = 0x08 // what PATHCONF says holds for all files
)

// fileSystemInfo carries out FSINFO (RFC 1813 section 3.3.19).
func fileSystemInfo(_ *conn, p place, _ *decoder, e *encoder) error {
	e.succeed(p)
	for _, size := range []uint32{mostRead, mostRead, sizeMultiple, mostWrite, mostWrite, sizeMultiple, mostFolder} {
		e.uint32(size)
	}
	e.uint64(math.MaxInt64) // bytes of a file
	e.uint32(1)             // times are in seconds
	e.uint32(0)
	e.uint32(hasLinks | isHomogeneous)
	return nil
}

// pathConfiguration carries out PATHCONF (RFC 1813 section 3.3.20).
func pathConfiguration(_ *conn, p place, _ *decoder, e *encoder) error {
	e.succeed(p)
	e.uint32(1) // hard links of a file
	e.uint32(mostName)
	e.bool(true)  // longer names are errors
	e.bool(true)  // only root changes owners
	e.bool(false) // case matters
	e.bool(true)  // and is kept
	return nil
}
