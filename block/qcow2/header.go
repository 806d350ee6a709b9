package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What can be wrong with an image. Errors wrap one of these.
var (
	// ErrFormat: this is no qcow2 image.
	ErrFormat = errors.New("not a qcow2 image")
	// ErrUnsupported: it needs a feature that this package doesn't have.
	ErrUnsupported = errors.New("not supported")
	// ErrEncrypted, which is an ErrUnsupported: what it has can't be read.
	ErrEncrypted = fmt.Errorf("encryption is %w", ErrUnsupported)
	// ErrCorrupt: its tables contradict each other or the format.
	ErrCorrupt = errors.New("the image is corrupt")
	// ErrMarked: it was found corrupt before, and can only be read.
	ErrMarked = fmt.Errorf("it is marked as corrupt, and can only be read: %w", ErrCorrupt)
)

// Limits, most of them QEMU's (block/qcow2.h), so that what this package makes
// can be opened there.
const (
	magic            = 0x514649fb // "QFI\xfb"
	minClusterBits   = 9
	maxClusterBits   = 21
	minExtendedBits  = 14 // extended L2 needs subclusters of 512 bytes
	maxL1Bytes       = 32 << 20
	maxReftableBytes = 8 << 20
	maxSnapshots     = 65536
	maxName          = 1023
	v2Length         = 72
	v3Length         = 104
	ourLength        = 112
)

// Feature bits ("Header").
const (
	incompatDirty       = 1 << 0
	incompatCorrupt     = 1 << 1
	incompatDataFile    = 1 << 2
	incompatCompression = 1 << 3
	incompatExtendedL2  = 1 << 4
	incompatKnown       = incompatDirty | incompatCorrupt | incompatDataFile | incompatCompression | incompatExtendedL2
	compatLazy          = 1 << 0
)

// header is the header of an image, without its extensions.
type header struct {
	version          uint32
	nameOffset       uint64
	nameLength       uint32
	clusterBits      uint32
	size             uint64
	l1Size           uint32
	l1Offset         uint64
	reftableOffset   uint64
	reftableClusters uint32
	snapshots        uint32
	snapshotsOffset  uint64
	incompat         uint64
	compat           uint64
	autoclear        uint64
	refcountOrder    uint32
	length           uint32
	compression      byte
	name, format     string
	bitmaps          []byte // the bitmaps extension
	session          session
	others           []extension
}

// parseHeader reads a header from the first bytes of a file, as many as its
// first cluster has or the file.
func parseHeader(b []byte) (*header, error) {
	be := binary.BigEndian
	if len(b) < v2Length || be.Uint32(b) != magic {
		return nil, ErrFormat
	}
	h := &header{
		version: be.Uint32(b[4:]), nameOffset: be.Uint64(b[8:]), nameLength: be.Uint32(b[16:]),
		clusterBits: be.Uint32(b[20:]), size: be.Uint64(b[24:]),
		l1Size: be.Uint32(b[36:]), l1Offset: be.Uint64(b[40:]),
		reftableOffset: be.Uint64(b[48:]), reftableClusters: be.Uint32(b[56:]),
		snapshots: be.Uint32(b[60:]), snapshotsOffset: be.Uint64(b[64:]),
		refcountOrder: 4, length: v2Length,
	}
	if h.version != 2 && h.version != 3 {
		return nil, fmt.Errorf("qcow2 version %d: %w (2 and 3 are)", h.version, ErrUnsupported)
	}
	if be.Uint32(b[32:]) != 0 { // the method
		return nil, ErrEncrypted
	}
	if h.version == 3 {
		if err := h.parseV3(b); err != nil {
			return nil, err
		}
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, h.parseExtensions(b)
}

func (h *header) parseV3(b []byte) error {
	be := binary.BigEndian
	if len(b) < v3Length {
		return fmt.Errorf("the header ends early: %w", ErrCorrupt)
	}
	h.incompat, h.compat, h.autoclear = be.Uint64(b[72:]), be.Uint64(b[80:]), be.Uint64(b[88:])
	h.refcountOrder, h.length = be.Uint32(b[96:]), be.Uint32(b[100:])
	if h.length < v3Length || int64(h.length) > int64(len(b)) || h.length%8 != 0 {
		return fmt.Errorf("a header of %d bytes: %w", h.length, ErrCorrupt)
	}
	if h.length > v3Length {
		h.compression = b[104]
	}
	return nil
}

// check refuses what this package doesn't know and numbers that can't be.
func (h *header) check() error {
	if unknown := h.incompat &^ incompatKnown; unknown != 0 {
		return fmt.Errorf("incompatible features %#x: %w", unknown, ErrUnsupported)
	}
	if h.incompat&incompatDataFile != 0 {
		return fmt.Errorf("an external data file: %w; bring it into the image by qemu-img convert", ErrUnsupported)
	}
	if h.clusterBits < minClusterBits || h.clusterBits > maxClusterBits {
		return fmt.Errorf("clusters of 2^%d bytes: %w", h.clusterBits, ErrCorrupt)
	}
	if h.incompat&incompatExtendedL2 != 0 && h.clusterBits < minExtendedBits {
		return fmt.Errorf("extended L2 entries with clusters of 2^%d bytes: %w", h.clusterBits, ErrCorrupt)
	}
	if h.refcountOrder > 6 {
		return fmt.Errorf("reference counts of 2^%d bits: %w", h.refcountOrder, ErrCorrupt)
	}
	if (h.compression != 0) != (h.incompat&incompatCompression != 0) || h.compression > compressionZstd {
		return fmt.Errorf("compression type %d: %w", h.compression, ErrUnsupported)
	}
	if h.snapshots > maxSnapshots {
		return fmt.Errorf("%d snapshots: %w", h.snapshots, ErrCorrupt)
	}
	return h.checkTables()
}

func (h *header) checkTables() error {
	g := h.geometry()
	if int64(h.l1Size) > maxL1Bytes/8 || h.size > 1<<62 || g.l1Entries(int64(h.size)) > int64(h.l1Size) {
		return fmt.Errorf("an L1 table of %d entries for %d bytes: %w", h.l1Size, h.size, ErrCorrupt)
	}
	if int64(h.reftableClusters)<<h.clusterBits > maxReftableBytes {
		return fmt.Errorf("a refcount table of %d clusters: %w", h.reftableClusters, ErrCorrupt)
	}
	if h.l1Offset > 1<<56 || h.reftableOffset > 1<<56 || h.snapshotsOffset > 1<<56 ||
		(h.l1Offset|h.reftableOffset|h.snapshotsOffset)&uint64(g.cluster-1) != 0 {
		return fmt.Errorf("a table that isn't at a cluster: %w", ErrCorrupt)
	}
	if h.reftableOffset == 0 || h.reftableClusters == 0 || h.l1Size > 0 && h.l1Offset == 0 {
		return fmt.Errorf("a table at the place of the header: %w", ErrCorrupt)
	}
	return nil
}

func (h *header) extended() bool { return h.incompat&incompatExtendedL2 != 0 }
func (h *header) lazy() bool     { return h.version == 3 && h.compat&compatLazy != 0 }

// tablesIn refuses tables beyond the end of a file.
func (h *header) tablesIn(size int64) error {
	if int64(h.l1Offset)+int64(h.l1Size)*8 > size {
		return fmt.Errorf("the L1 table is beyond the file's end: %w", ErrCorrupt)
	}
	if int64(h.reftableOffset)+int64(h.reftableClusters)<<h.clusterBits > size {
		return fmt.Errorf("the refcount table is beyond the file's end: %w", ErrCorrupt)
	}
	return nil
}
