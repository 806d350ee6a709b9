package qcow2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block/blocktest"
)

// damage sets the counts of clusters that hold tables to zero.
func damage(t *testing.T, b []byte, clusters ...int64) {
	t.Helper()
	h, err := parseHeader(b)
	must(t, err)
	g := h.geometry()
	for _, c := range clusters {
		block := binary.BigEndian.Uint64(b[h.reftableOffset+uint64(c/(g.cluster<<3>>h.refcountOrder))*8:])
		setCount(b[block:int64(block)+g.cluster], c%(g.cluster<<3>>h.refcountOrder), uint(h.refcountOrder), 0)
	}
}

// tablesOf are the clusters of each kind of table.
func tablesOf(t *testing.T, b []byte) map[string]int64 {
	t.Helper()
	h, err := parseHeader(b)
	must(t, err)
	be, bits := binary.BigEndian, h.clusterBits
	of := func(off uint64) int64 { return int64(off&offsetMask) >> bits }
	at := map[string]int64{
		"header": 0, "L1 table": of(h.l1Offset), "refcount table": of(h.reftableOffset),
		"refcount block": of(be.Uint64(b[h.reftableOffset:])), "L2 table": of(be.Uint64(b[h.l1Offset:])),
	}
	if h.snapshots > 0 {
		l1 := be.Uint64(b[h.snapshotsOffset:])
		at["snapshot table"], at["snapshot's L1 table"], at["snapshot's L2 table"] = of(h.snapshotsOffset), of(l1), of(be.Uint64(b[l1:]))
	}
	return at
}

// TestTablesCountedFree: whichever table is counted as free, a write that would
// get its place fails, the image is marked as corrupt, and keeps its bytes.
func TestTablesCountedFree(t *testing.T) {
	name := filepath.Join(tempDir(t), "a")
	qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", name, "1M")
	qemu(t, "qemu-io", "-f", "qcow2", "-c", "write -P 1 0 100k", name)
	qemu(t, "qemu-img", "snapshot", "-c", "s", name)
	qemu(t, "qemu-io", "-f", "qcow2", "-c", "write -P 2 0 50k", name)
	whole := readFile(t, name)
	for what, cluster := range tablesOf(t, whole) {
		t.Run(what, func(t *testing.T) {
			b := bytes.Clone(whole)
			damage(t, b, cluster)
			file := blocktest.NewRecorder(b)
			notes := blocktest.NewRecorder(nil)
			img, err := Open(t.Context(), file, Options{Journal: &Journal{File: notes}})
			must(t, err)
			off := int64(0)
			for ; off < 1<<20 && err == nil; off += 4096 {
				err = img.Write(t.Context(), bytes.Repeat([]byte{3}, 4096), off, 0)
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("a write that takes the place ended with %v", err)
			}
			if err := img.Write(t.Context(), []byte{1}, 0, 0); !errors.Is(err, ErrMarked) {
				t.Errorf("a later write ended with %v", err)
			}
			must(t, img.Flush(t.Context()))
			must(t, img.Close())
			now := file.Bytes()
			if h, _ := parseHeader(now); h.incompat&incompatCorrupt == 0 {
				t.Error("it isn't marked as corrupt")
			}
			if at := cluster << 12; what != "header" && !bytes.Contains(b[at:at+4096], []byte{3, 3}) && bytes.Contains(now[at:at+4096], []byte{3, 3}) {
				t.Error("it has data")
			}
			if _, err := Open(t.Context(), file, Options{}); !errors.Is(err, ErrMarked) {
				t.Errorf("it was opened for writing again: %v", err)
			}
			img, err = Open(t.Context(), file, Options{ReadOnly: true, Journal: &Journal{File: notes}})
			must(t, err)
			if got := contents(t, img); !bytes.Equal(got[:off-4096], bytes.Repeat([]byte{3}, int(off-4096))) {
				t.Error("what was answered for before is lost")
			}
			if report, err := img.Check(t.Context(), false); err != nil || !report.Marked {
				t.Errorf("check: %+v, %v", report, err)
			}
			must(t, img.Close())
		})
	}
}

// TestEntryOfTable: an entry that leads to a table has neither data written
// there, nor the table freed.
func TestEntryOfTable(t *testing.T) {
	whole := blocktest.NewRecorder(nil)
	must(t, Create(whole, CreateOptions{Size: 1 << 20, ClusterSize: 4096}))
	img, err := Open(t.Context(), whole, Options{})
	must(t, err)
	must(t, img.Write(t.Context(), make([]byte, 8192), 0, 0))
	must(t, img.Flush(t.Context()))
	must(t, img.Close())
	for what, cluster := range tablesOf(t, whole.Bytes()) {
		if cluster == 0 {
			continue // an entry of 0 is none
		}
		for _, op := range []string{"write", "trim"} {
			t.Run(fmt.Sprintf("%s of %s", op, what), func(t *testing.T) {
				b := whole.Bytes()
				l2 := tablesOf(t, b)["L2 table"] << 12
				binary.BigEndian.PutUint64(b[l2+8:], uint64(cluster<<12)|flagCopied)
				file := blocktest.NewRecorder(b)
				img, err := Open(t.Context(), file, Options{})
				must(t, err)
				if op == "write" {
					err = img.Write(t.Context(), []byte("data"), 4096, 0)
				} else {
					err = errors.Join(img.Trim(t.Context(), 4096, 4096), img.Flush(t.Context()), img.Flush(t.Context()))
				}
				if !errors.Is(err, ErrCorrupt) {
					t.Errorf("it ended with %v", err)
				}
				_ = img.Close()
				now := file.Bytes()
				at := cluster << 12
				if what != "L2 table" && !bytes.Equal(now[at:at+4096], b[at:at+4096]) {
					t.Error("the table was changed")
				}
			})
		}
	}
}

// TestTablesInOnePlace: an image whose tables would overwrite each other is not
// opened for writing.
func TestTablesInOnePlace(t *testing.T) {
	whole := blocktest.NewRecorder(nil)
	must(t, Create(whole, CreateOptions{Size: 4 << 20, ClusterSize: 4096}))
	for what, cluster := range tablesOf(t, whole.Bytes()) {
		if what == "L2 table" {
			continue
		}
		b := whole.Bytes()
		h, err := parseHeader(b)
		must(t, err)
		binary.BigEndian.PutUint64(b[h.l1Offset+8:], uint64(cluster<<12)|flagCopied)
		if cluster == 0 {
			binary.BigEndian.PutUint64(b[h.l1Offset+8:], h.l1Offset|flagCopied)
			what = "L1 table"
		}
		_, err = Open(t.Context(), blocktest.NewRecorder(b), Options{})
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), what) {
			t.Errorf("an L2 table in the place of the %s: %v", what, err)
		}
	}
}
