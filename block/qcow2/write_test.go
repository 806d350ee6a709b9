package qcow2

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// change makes some random operations on a device and on a model of it.
func change(t testing.TB, r *rand.Rand, d block.Device, model []byte, n int) {
	t.Helper()
	for range n {
		off := r.IntN(len(model))
		k := 1 + r.IntN(min(len(model)-off, 1<<(1+r.IntN(17))))
		if r.IntN(2) == 0 {
			off, k = off&^4095, min((k+4095)&^4095, len(model)-off&^4095)
		}
		switch p := r.IntN(10); {
		case p < 7:
			b := noise(r, k)
			must(t, d.Write(t.Context(), b, int64(off), 0))
			copy(model[off:], b)
		case p < 9:
			must(t, d.Zero(t.Context(), int64(off), int64(k), block.ZeroFlags(r.IntN(2))))
			clear(model[off : off+k])
		case d.Caps().TrimZeroes:
			must(t, d.Trim(t.Context(), int64(off), int64(k)))
			clear(model[off : off+k])
		}
		if r.IntN(10) == 0 {
			must(t, d.Flush(t.Context()))
		}
	}
}

// TestWriteForQEMU: what we write is sound and the same for QEMU.
func TestWriteForQEMU(t *testing.T) {
	for i, o := range []CreateOptions{
		{}, {Version: 2}, {ClusterSize: 512, RefcountBits: 64}, {ClusterSize: 512, RefcountBits: 1}, {ClusterSize: 4096, RefcountBits: 2},
		{ClusterSize: 2 << 20, RefcountBits: 8}, {ExtendedL2: Yes}, {ExtendedL2: Yes, ClusterSize: 16 << 10, RefcountBits: 4},
		{LazyRefcounts: true}, {LazyRefcounts: true, ClusterSize: 512, RefcountBits: 64}, {RefcountBits: 32, ClusterSize: 1024},
		{BackingName: "base.raw", BackingFormat: "raw"},
		{BackingName: "base.raw", BackingFormat: "raw", ExtendedL2: No},
		{BackingName: "base.raw", BackingFormat: "raw", Version: 2},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(i)))
			dir := tempDir(t)
			o.Size = 5<<20 - 1536
			model := make([]byte, o.Size)
			if o.BackingName != "" {
				copy(model, noise(r, 3<<20-512))
				must(t, os.WriteFile(filepath.Join(dir, "base.raw"), model[:3<<20-512], 0o644))
			}
			name := filepath.Join(dir, "a.qcow2")
			create(t, name, o)
			for range 2 {
				img := open(t, name, Options{CacheSize: 1})
				same(t, "opened", contents(t, img), model)
				change(t, r, img, model, 50)
				same(t, "changed", contents(t, img), model)
				must(t, img.Flush(t.Context()))
				must(t, img.Close())
				qemu(t, "qemu-img", "check", name)
				must(t, os.WriteFile(filepath.Join(dir, "model"), model, 0o644))
				qemu(t, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", name, filepath.Join(dir, "model"))
			}
		})
	}
}

// TestCost: the first small write to a place of an overlay costs 4 KiB, and
// nothing else until it is flushed.
func TestCost(t *testing.T) {
	base := block.NewMemory(64 << 20)
	f, img := memory(t, CreateOptions{Size: 64 << 20, BackingName: "base", BackingFormat: FormatRaw}, Options{Backing: base})
	must(t, img.Write(t.Context(), []byte("warm"), 0, block.FUA))
	var bytes int64
	f.Before = func(c blocktest.Change) error {
		bytes += c.Length
		return nil
	}
	for i := range int64(100) {
		must(t, img.Write(t.Context(), []byte("hello"), 12345+i*64<<10, 0))
	}
	if bytes != 100*4096 {
		t.Errorf("100 small writes cost %d bytes", bytes)
	}
	must(t, img.Close())
}

// TestMemory: an open overlay of which a few MiB were written takes little
// memory.
func TestMemory(t *testing.T) {
	base := block.NewMemory(32 << 30)
	var images []*Image
	var before, after runtime.MemStats
	dir := tempDir(t)
	runtime.GC()
	runtime.GC() // the second one empties pools
	runtime.ReadMemStats(&before)
	const n = 50
	for i := range n {
		name := filepath.Join(dir, fmt.Sprint(i))
		create(t, name, CreateOptions{Size: base.Size(), BackingName: "base", BackingFormat: FormatRaw})
		img := open(t, name, Options{Backing: base})
		for off := int64(0); off < 16<<30; off += 512 << 20 {
			must(t, img.Write(t.Context(), []byte("hello"), off, 0))
		}
		must(t, img.Flush(t.Context()))
		images = append(images, img)
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := int64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%d bytes each", each)
	if each > 200<<10 {
		t.Errorf("an overlay takes %d bytes", each)
	}
	for _, img := range images {
		must(t, img.Close())
	}
}
