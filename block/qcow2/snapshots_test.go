package qcow2

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// manySnapshots makes an image that was not closed, whose snapshots, as many as
// there can be, have the L1 tables that place tells for each, of 4 Mi entries.
func manySnapshots(t *testing.T, place func(i int) int64) string {
	t.Helper()
	name := filepath.Join(tempDir(t), "a")
	qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", name, "1T")
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	be := binary.BigEndian
	const table, l1 = 1 << 20, 16 << 20
	var all []byte
	for i := range maxSnapshots - 1 {
		e := be.AppendUint64(nil, uint64(l1+place(i)))
		e = be.AppendUint32(e, maxL1Bytes/8)
		e = append(be.AppendUint16(be.AppendUint16(e, 1), 1), make([]byte, 24)...)
		all = append(append(all, e...), "1a\x00\x00\x00\x00\x00\x00"...)
	}
	_, err = f.WriteAt(all, table)
	must(t, err)
	must(t, f.Truncate(l1+place(maxSnapshots-2)+maxL1Bytes))
	_, err = f.WriteAt(be.AppendUint64(be.AppendUint32(nil, maxSnapshots-1), table), 60)
	must(t, err)
	_, err = f.WriteAt(be.AppendUint64(nil, incompatDirty), 72)
	must(t, err)
	return name
}

// TestManySnapshotsOfOneTable: an L1 table is walked once, however many
// snapshots have it.
func TestManySnapshotsOfOneTable(t *testing.T) {
	name := manySnapshots(t, func(int) int64 { return 0 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f, err := block.OpenFile(name, block.FileOptions{ReadOnly: true, Shared: true})
	must(t, err)
	img, err := Open(ctx, f, Options{ReadOnly: true})
	must(t, err)
	defer img.Close()
	if _, err := img.Check(ctx, false); err != nil {
		t.Errorf("check: %v", err)
	}
}

// TestManySnapshotsOfTablesThatOverlap: they are refused before they are walked.
func TestManySnapshotsOfTablesThatOverlap(t *testing.T) {
	name := manySnapshots(t, func(i int) int64 { return int64(i) << 16 })
	f, err := block.OpenFile(name, block.FileOptions{Shared: true})
	must(t, err)
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := Open(ctx, f, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("open: %v", err)
	}
}

// TestManySnapshotsCancelled: who counts for long hears that it is to end.
func TestManySnapshotsCancelled(t *testing.T) {
	name := manySnapshots(t, func(i int) int64 { return int64(i) * maxL1Bytes })
	f, err := block.OpenFile(name, block.FileOptions{Shared: true})
	must(t, err)
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if _, err := Open(ctx, f, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("open: %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it ended %v after it began", took)
	}
}
