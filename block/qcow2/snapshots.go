package qcow2

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// QEMU's limits (block/qcow2.h) for the extra data of a snapshot, and for the
// table of snapshots, in bytes.
const (
	maxSnapshotExtra = 1024
	maxSnapshotTable = 1024 * maxSnapshots
)

// snapshotL1 is an L1 table of n entries, and how many snapshots have it.
type snapshotL1 struct {
	off, n int64
	times  uint32
}

// readSnapshots reads the table of snapshots, and returns their L1 tables, each
// once, and the table's length in bytes ("Snapshots"). The L1 tables are within
// the file, and none overlaps another.
func (img *Image) readSnapshots(ctx context.Context) (l1 []snapshotL1, length int64, err error) {
	h := &img.header
	if h.snapshots == 0 {
		return nil, 0, nil
	}
	size, err := img.file.Size()
	if err != nil {
		return nil, 0, err
	}
	times := map[snapshotL1]uint32{}
	r := bufio.NewReaderSize(io.NewSectionReader(img.file, int64(h.snapshotsOffset), maxSnapshotTable), 64<<10)
	for range h.snapshots {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		one, n, err := readSnapshot(r)
		if err != nil {
			return nil, 0, fmt.Errorf("read the snapshot table: %w", err)
		}
		if one.off < 0 || one.off&(img.geo.cluster-1) != 0 || one.n > maxL1Bytes/8 || one.off+one.n*8 > size {
			return nil, 0, fmt.Errorf("a snapshot's L1 table of %d entries at %#x: %w", one.n, one.off, ErrCorrupt)
		}
		times[one]++
		length += n
	}
	l1, err = img.distinct(times)
	return l1, length, err
}

// readSnapshot reads an entry of the table, and says how long it is.
func readSnapshot(r *bufio.Reader) (snapshotL1, int64, error) {
	var fixed [40]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return snapshotL1{}, 0, fmt.Errorf("it ends early (%w): %w", err, ErrCorrupt)
	}
	be := binary.BigEndian
	extra := int64(be.Uint32(fixed[36:]))
	if extra > maxSnapshotExtra {
		return snapshotL1{}, 0, fmt.Errorf("a snapshot with %d bytes of extra data: %w", extra, ErrCorrupt)
	}
	length := (40 + extra + int64(be.Uint16(fixed[12:])) + int64(be.Uint16(fixed[14:])) + 7) &^ 7
	if _, err := r.Discard(int(length - 40)); err != nil && err != io.EOF {
		return snapshotL1{}, 0, err
	}
	return snapshotL1{off: int64(be.Uint64(fixed[:])), n: int64(be.Uint32(fixed[8:]))}, length, nil
}

// distinct puts L1 tables in order, and refuses those that overlap: to walk all
// of them would be without bounds.
func (img *Image) distinct(times map[snapshotL1]uint32) ([]snapshotL1, error) {
	l1 := make([]snapshotL1, 0, len(times))
	for one, k := range times {
		one.times = k
		l1 = append(l1, one)
	}
	slices.SortFunc(l1, func(a, b snapshotL1) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.n, b.n)) })
	var end int64
	for _, one := range l1 {
		if one.n > 0 && one.off < end {
			return nil, fmt.Errorf("a snapshot's L1 table at %#x overlaps another's: %w", one.off, ErrCorrupt)
		}
		end = max(end, one.off+one.n*8)
	}
	return l1, nil
}
