package qcow2

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// seeds are small images of every kind.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, o := range []CreateOptions{{ClusterSize: 512}, {Version: 2, ClusterSize: 1024}, {ExtendedL2: Yes, ClusterSize: 16 << 10},
		{BackingName: "base", BackingFormat: "raw", ClusterSize: 512}, {LazyRefcounts: true, ClusterSize: 512, RefcountBits: 1}} {
		o.Size = 20 << 10
		f := blocktest.NewRecorder(nil)
		must(t, Create(f, o))
		img, err := Open(context.Background(), f, Options{Backing: block.NewMemory(10 << 10)})
		must(t, err)
		must(t, img.Write(context.Background(), make([]byte, 3000), 700, block.FUA))
		all = append(all, f.Bytes())
		must(t, img.Close())
	}
	dir := tempDir(t)
	must(t, os.WriteFile(filepath.Join(dir, "raw"), pattern(20<<10), 0o644))
	for _, o := range []string{"zlib,cluster_size=512", "zstd,cluster_size=4k"} {
		qemu(t, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type="+o, filepath.Join(dir, "raw"), filepath.Join(dir, "q"))
		b, err := os.ReadFile(filepath.Join(dir, "q"))
		must(t, err)
		all = append(all, b)
	}
	qemu(t, "qemu-img", "snapshot", "-c", "one", filepath.Join(dir, "q"))
	b, err := os.ReadFile(filepath.Join(dir, "q"))
	must(t, err)
	return append(all, b)
}

// FuzzImage opens anything and uses it as far as it goes: no panic, nothing
// without bounds.
func FuzzImage(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b, uint32(0), uint64(0), true)
		f.Add(b, uint32(0), uint64(0), false)
	}
	f.Fuzz(func(_ *testing.T, b []byte, at uint32, value uint64, writable bool) {
		if len(b) > 256<<10 {
			return
		}
		b = append([]byte(nil), b...)
		if int64(at)*8+8 <= int64(len(b)) { // one hostile number
			binary.BigEndian.PutUint64(b[at*8:], binary.BigEndian.Uint64(b[at*8:])^value)
		}
		use(b, writable)
	})
}

func use(b []byte, writable bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	file := &short{blocktest.NewRecorder(b)}
	img, err := Open(ctx, file, Options{ReadOnly: !writable, Backing: block.NewMemory(4096)})
	if err != nil {
		return
	}
	defer img.Close()
	_ = img.Whole()
	_, _ = img.Check(ctx, false)
	p := make([]byte, 5000)
	for _, off := range []int64{0, 700, img.Size() / 2, img.Size() - 5000} {
		_ = img.Read(ctx, p, off)
		n := 0
		_ = img.Extents(ctx, max(0, off), min(5000, img.Size()-max(0, off)), func(block.Extent) bool { n++; return n < 100 })
		if writable {
			_ = img.Write(ctx, p, off, 0)
			_ = img.Zero(ctx, off, 4096, 0)
		}
	}
	_ = img.Flush(ctx)
	if writable {
		_, _ = img.Check(ctx, true)
		_ = img.Resize(ctx, img.Size()+4096)
	}
}

// short is a file that doesn't become long: a hostile image names places far
// away.
type short struct{ *blocktest.Recorder }

func (s *short) WriteAt(p []byte, off int64) (int, error) {
	if off > 4<<20 {
		return 0, block.ErrNoSpace
	}
	return s.Recorder.WriteAt(p, off)
}

// TestHostile changes every number of small images to the worst ones.
func TestHostile(t *testing.T) {
	worst := []uint64{0, 1, 1 << 63, ^uint64(0), 1<<62 - 1, 1 << 55, 0x7fffffff7fffffff, 0xffffffff, 1 << 32, flagCopied | 512}
	for i, b := range seeds(t) {
		step := 8
		if len(b) > 32<<10 {
			step = 264
		}
		for at := 8; at+8 <= len(b); at += step {
			if at > 112 && binary.BigEndian.Uint64(b[at:]) == 0 && at%(step*16) != 0 {
				continue
			}
			for k, value := range worst {
				if at > 112 && k > 3 {
					break
				}
				c := append([]byte(nil), b...)
				binary.BigEndian.PutUint64(c[at:], value)
				one := time.Now()
				use(c, (at/8+k)%2 == 0)
				if d := time.Since(one); d > 4*time.Second {
					t.Errorf("image %d with %#x at %d takes %v", i, value, at, d)
				}
			}
		}
	}
}

// TestBomb: of a compressed cluster that expands to 64 MiB only a cluster's bytes
// are made; one that expands to less is an error.
func TestBomb(t *testing.T) {
	f, img := memory(t, CreateOptions{Size: 1 << 20}, Options{})
	must(t, img.Write(t.Context(), make([]byte, 512), 0, block.FUA))
	table := int64(img.l1[0] & offsetMask)
	must(t, img.Close())
	for cluster, n := range map[int64]int{5: 64 << 20, 6: 60 << 10} {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.BestCompression)
		must(t, err)
		_, err = w.Write(make([]byte, n))
		must(t, err)
		must(t, w.Close())
		at := int64(1<<20) * cluster
		_, err = f.WriteAt(append(packed.Bytes(), make([]byte, 512)...), at)
		must(t, err)
		var word [8]byte
		binary.BigEndian.PutUint64(word[:], flagCompressed|uint64(packed.Len()/512)<<54|uint64(at))
		_, err = f.WriteAt(word[:], table+cluster*8)
		must(t, err)
	}
	img, err := Open(t.Context(), f, Options{ReadOnly: true})
	must(t, err)
	defer img.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must(t, img.Read(t.Context(), make([]byte, 64<<10), 5<<16))
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("%d bytes of memory", took)
	}
	if err := img.Read(t.Context(), make([]byte, 512), 6<<16); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a cluster that is too short: %v", err)
	}
}
