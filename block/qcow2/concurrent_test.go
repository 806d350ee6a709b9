package qcow2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// held is a file that holds up what touches some of its bytes.
type held struct {
	*blocktest.Recorder
	from, to atomic.Int64
	came     chan struct{}
	goOn     chan struct{}
}

func (h *held) wait(off int64, n int) {
	if off < h.to.Load() && h.from.Load() < off+int64(n) {
		h.came <- struct{}{}
		<-h.goOn
	}
}

func (h *held) hold(from, to int64) { h.from.Store(from); h.to.Store(to) }

func (h *held) ReadAt(p []byte, off int64) (int, error) {
	h.wait(off, len(p))
	return h.Recorder.ReadAt(p, off)
}

func (h *held) WriteAt(p []byte, off int64) (int, error) {
	h.wait(off, len(p))
	return h.Recorder.WriteAt(p, off)
}

func heldImage(t *testing.T, o CreateOptions) (*held, *Image) {
	t.Helper()
	h := &held{Recorder: blocktest.NewRecorder(nil), came: make(chan struct{}), goOn: make(chan struct{})}
	must(t, Create(h, o))
	img, err := Open(t.Context(), h, Options{})
	must(t, err)
	return h, img
}

// hostOf is where a byte of the disk is in the file.
func hostOf(t *testing.T, img *Image, off int64) int64 {
	t.Helper()
	img.mu.Lock()
	defer img.mu.Unlock()
	r, err := img.lookup(off, 1)
	must(t, err)
	if r.kind != data {
		t.Fatalf("byte %d isn't in the file", off)
	}
	return r.host
}

// TestOthersGoOn: while a read, a write in place and one that allocates hang in
// the file, others are done, also a flush.
func TestOthersGoOn(t *testing.T) {
	ctx, cluster := t.Context(), int64(64<<10)
	for _, allocates := range []bool{false, true} {
		h, img := heldImage(t, CreateOptions{Size: 4 << 20})
		b := bytes.Repeat([]byte{7}, int(cluster))
		must(t, img.Write(ctx, b, 0, 0))
		must(t, img.Write(ctx, b, 2*cluster, 0))
		place, off := hostOf(t, img, 0), int64(0)
		if allocates {
			place, off = hostOf(t, img, 2*cluster)+cluster, 5*cluster
		}
		h.hold(place, place+cluster)
		var wg sync.WaitGroup
		wg.Go(func() { must(t, img.Write(ctx, b[:4096], off, 0)) })
		<-h.came
		h.hold(0, 0)
		for i := range int64(4) {
			must(t, img.Write(ctx, b, (6+i)*cluster, 0))
			must(t, img.Read(ctx, b, 2*cluster))
			must(t, img.Zero(ctx, (6+i)*cluster, cluster, 0))
		}
		must(t, img.Flush(ctx))
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		if err := img.Write(short, b[:512], off+4096, 0); allocates && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write to the same new cluster: %v", err)
		}
		cancel()
		h.goOn <- struct{}{}
		wg.Wait()
		must(t, img.Close())
	}
}

// TestReuse: a read that hangs must not see what a cluster is used for after it
// was given up.
func TestReuse(t *testing.T) {
	ctx, cluster := t.Context(), int64(64<<10)
	h, img := heldImage(t, CreateOptions{Size: 16 << 20})
	b := bytes.Repeat([]byte{7}, int(cluster))
	must(t, img.Write(ctx, b, 0, 0))
	place := hostOf(t, img, 0)
	h.hold(place, place+cluster)
	got := make([]byte, cluster)
	var wg sync.WaitGroup
	wg.Go(func() { must(t, img.Read(ctx, got, 0)) })
	<-h.came
	h.hold(0, 0)
	must(t, img.Trim(ctx, 0, cluster))
	for i := range int64(8) {
		must(t, img.Flush(ctx))
		must(t, img.Write(ctx, bytes.Repeat([]byte{9}, int(cluster)), (1+i)*cluster, 0))
	}
	h.goOn <- struct{}{}
	wg.Wait()
	if bytes.Contains(got, []byte{9}) {
		t.Error("a read saw another cluster's bytes")
	}
	for range 3 {
		must(t, img.Flush(ctx))
	}
	must(t, img.Write(ctx, b, 100*cluster, 0))
	if hostOf(t, img, 100*cluster) != place {
		t.Error("the cluster that was given up isn't used again")
	}
	must(t, img.Close())
}

// TestMany uses one image from many goroutines, each its own sectors of shared
// clusters, with a small cache.
func TestMany(t *testing.T) {
	for i, o := range []CreateOptions{{ClusterSize: 4096}, {ExtendedL2: Yes, ClusterSize: 16 << 10}, {BackingName: "base"}} {
		base := block.NewMemory(1 << 20)
		o.Size = 1 << 20
		f, img := memory(t, o, Options{Backing: base, CacheSize: 1})
		model := make([]byte, o.Size)
		var wg sync.WaitGroup
		const workers = 8
		for w := range workers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), uint64(w)))
				for range 150 {
					s := r.IntN(len(model)/512/workers)*workers + w
					b, off := model[s*512:(s+1)*512], int64(s)*512
					switch r.IntN(6) {
					case 0:
						clear(b)
						must(t, img.Zero(t.Context(), off, 512, 0))
					case 1:
						must(t, img.Flush(t.Context()))
					default:
						copy(b, noise(r, 512))
						must(t, img.Write(t.Context(), b, off, 0))
					}
					got := make([]byte, 512)
					must(t, img.Read(t.Context(), got, off))
					if !bytes.Equal(got, b) {
						t.Errorf("sector %d isn't what was written", s)
					}
				}
			})
		}
		wg.Wait()
		must(t, img.Flush(t.Context()))
		must(t, img.Close())
		img, err := Open(t.Context(), f, Options{Backing: base})
		must(t, err)
		same(t, "opened again", contents(t, img), model)
		report, err := img.Check(t.Context(), false)
		if err != nil || report.Errors+report.Leaks > 0 {
			t.Errorf("%+v, %v", report, err)
		}
		must(t, img.Close())
	}
}

// TestTrouble: a file that fails at any one change loses nothing that was
// flushed, and the image is sound afterwards.
func TestTrouble(t *testing.T) {
	for at := range 120 {
		for _, kind := range []error{block.ErrNoSpace, errors.New("trouble")} {
			f, img := memory(t, CreateOptions{Size: 512 << 10, ClusterSize: 4096, RefcountBits: 64}, Options{CacheSize: 1})
			start, tripped := f.Len(), false
			f.Before = func(c blocktest.Change) error {
				full := errors.Is(kind, block.ErrNoSpace) && c.Kind == blocktest.Sync
				if c.Index >= start+at && !full && !tripped {
					tripped = true
					return kind
				}
				return nil
			}
			model := make([]byte, img.Size())
			r := rand.New(rand.NewPCG(1, uint64(at)))
			var failed error
			for range 25 {
				b, off := noise(r, 512*(1+r.IntN(20))), int64(r.IntN(800))*512
				if failed = img.Write(t.Context(), b, off, block.WriteFlags(r.IntN(2))); failed != nil {
					break
				}
				copy(model[off:], b)
			}
			if failed != nil && !errors.Is(failed, kind) {
				t.Fatalf("failure %d: %v", at, failed)
			}
			err := img.Flush(t.Context())
			if errors.Is(err, block.ErrNoSpace) { // the one failure was in it
				err = img.Flush(t.Context())
			}
			if err == nil {
				must(t, img.Close())
				img, err = Open(t.Context(), f, Options{})
				must(t, err)
				if failed == nil {
					same(t, "all", contents(t, img), model)
				}
			} else if errors.Is(kind, block.ErrNoSpace) {
				t.Errorf("failure %d: a flush after it: %v", at, err)
			}
			report, err := img.Check(t.Context(), false)
			if img.failed == nil && (err != nil || report.Errors > 0) {
				t.Fatalf("failure %d: %+v, %v", at, report, err)
			}
			must(t, img.Close())
		}
	}
}

// plain is a file that takes no memory.
type plain struct{ *os.File }

func (p plain) Size() (int64, error) {
	info, err := p.Stat()
	return info.Size(), err
}

// TestAllocations: reads and writes of what is in the image take no memory.
func TestAllocations(t *testing.T) {
	name := tempDir(t) + "/a"
	create(t, name, CreateOptions{Size: 64 << 20, ExtendedL2: Yes})
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	journal, err := os.Create(name + ".journal")
	must(t, err)
	img, err := Open(t.Context(), plain{f}, Options{Journal: &Journal{File: plain{journal}}})
	must(t, err)
	defer img.Close()
	ctx, b := t.Context(), make([]byte, 4096)
	for off := int64(0); off < 64<<20; off += 64 << 10 {
		must(t, img.Write(ctx, b, off, 0))
	}
	must(t, img.Flush(ctx))
	at := int64(0)
	for what, do := range map[string]func(){
		"read":            func() { must(t, img.Read(ctx, b, at)) },
		"write":           func() { must(t, img.Write(ctx, b, at, 0)) },
		"write and flush": func() { must(t, img.Write(ctx, b, at, block.FUA)) },
		"new subcluster":  func() { must(t, img.Write(ctx, b, at+4096, 0)) },
	} {
		at = 0
		n := testing.AllocsPerRun(200, func() { do(); at += 64 << 10 })
		if n >= 1 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

func benchmark(b *testing.B, o CreateOptions, backing block.Device, allocated bool, do func(img *Image, r *rand.Rand, p []byte)) {
	dir, err := os.MkdirTemp("/dev/shm", "bench")
	must(b, err)
	defer os.RemoveAll(dir)
	o.Size = 1 << 30
	create(b, dir+"/a", o)
	img := open(b, dir+"/a", Options{Backing: backing})
	defer img.Close()
	p := make([]byte, 4096)
	if allocated {
		big := make([]byte, 1<<20)
		for off := int64(0); off < o.Size; off += 1 << 20 {
			must(b, img.Write(b.Context(), big, off, 0))
		}
		must(b, img.Flush(b.Context()))
	}
	r := rand.New(rand.NewPCG(1, 1))
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		do(img, r, p)
	}
}

func BenchmarkImage(b *testing.B) {
	read := func(img *Image, r *rand.Rand, p []byte) {
		must(b, img.Read(context.Background(), p, r.Int64N(1<<18)*4096))
	}
	write := func(img *Image, r *rand.Rand, p []byte) {
		must(b, img.Write(context.Background(), p, r.Int64N(1<<18)*4096, 0))
	}
	for _, extended := range []Choice{Yes, No} {
		o := CreateOptions{ExtendedL2: extended}
		name := fmt.Sprintf("extended=%v/", extended == Yes)
		b.Run(name+"read", func(b *testing.B) { benchmark(b, o, nil, true, read) })
		b.Run(name+"write", func(b *testing.B) { benchmark(b, o, nil, true, write) })
		b.Run(name+"overlay", func(b *testing.B) { benchmark(b, o, block.NewMemory(1<<30), false, write) })
	}
}

// TestSpoiled: an image whose counts call a table free is marked as corrupt and
// not written any more; it can still be read.
func TestSpoiled(t *testing.T) {
	f := blocktest.NewRecorder(nil)
	must(t, Create(f, CreateOptions{Size: 1 << 20}))
	_, err := f.WriteAt(make([]byte, 16), 2<<16) // the counts of the first clusters
	must(t, err)
	img, err := Open(t.Context(), f, Options{})
	must(t, err)
	for range 2 {
		if err := img.Write(t.Context(), []byte("x"), 0, 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("write: %v", err)
		}
	}
	must(t, img.Read(t.Context(), make([]byte, 512), 0))
	must(t, img.Close())
	if _, err := Open(t.Context(), f, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("open: %v", err)
	}
}
