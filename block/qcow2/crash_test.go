package qcow2

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// version is what a sector was made at one time; value 0 is zeros.
type version struct {
	op    int
	at    int // changes of the file before it
	value uint64
}

// crashed is a run of random operations on an image whose file remembers them.
type crashed struct {
	*testing.T
	rand    *rand.Rand
	file    *blocktest.Recorder
	img     *Image
	sectors [][]version
	ops     int
	flushes []struct{ at, ops int }
}

func fill(b []byte, value uint64) {
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], value)
	}
}

func (c *crashed) note(from, to int, at int, value uint64) {
	for s := from; s < to; s++ {
		v := value
		if value != 0 {
			v += uint64(s)
		}
		c.sectors[s] = append(c.sectors[s], version{c.ops, at, v})
	}
}

func (c *crashed) step(ctx context.Context) error {
	c.ops++
	at := c.file.Len()
	from := c.rand.IntN(len(c.sectors))
	n := 1 + c.rand.IntN(min(len(c.sectors)-from, 1<<(1+c.rand.IntN(8))))
	off, size := int64(from)*512, int64(n)*512
	switch p := c.rand.IntN(12); {
	case p < 7:
		b := make([]byte, size)
		value := uint64(c.ops) << 32
		for s := range n {
			fill(b[s*512:(s+1)*512], value+uint64(from+s))
		}
		c.note(from, from+n, at, value)
		return c.img.Write(ctx, b, off, 0)
	case p < 10:
		c.note(from, from+n, at, 0)
		if p == 9 && c.img.Caps().TrimZeroes {
			return c.img.Trim(ctx, off, size)
		}
		return c.img.Zero(ctx, off, size, block.ZeroFlags(p&1)*block.NoHole)
	}
	ops := c.ops
	if err := c.img.Flush(ctx); err != nil {
		return err
	}
	c.flushes = append(c.flushes, struct{ at, ops int }{c.file.Len(), ops})
	return nil
}

// verify opens the file as it is after a crash at n and looks for what must be
// there.
func (c *crashed) verify(options Options, n int, seed uint64) {
	c.Helper()
	what := fmt.Sprintf("crash after %d of %d changes, seed %d", n, c.file.Len(), seed)
	file := blocktest.NewRecorder(c.file.Crash(n, seed))
	img, err := Open(c.Context(), file, options)
	if err != nil {
		c.Fatalf("%s: open: %v", what, err)
	}
	defer img.Close()
	report, err := img.Check(c.Context(), true)
	if err != nil || report.Errors > 0 {
		c.Fatalf("%s: %+v, %v", what, report, err)
	}
	synced := 0
	for _, f := range c.flushes {
		if f.at <= n {
			synced = f.ops
		}
	}
	model := contents(c, img)
	for s, versions := range c.sectors {
		got := binary.LittleEndian.Uint64(model[s*512:])
		if len(versions) > 0 && !allowed(versions, got, synced, n) {
			c.Fatalf("%s: sector %d is %#x; flushed by operation %d; it was %+v", what, s, got, synced, versions)
		}
	}
	if seed%4 != 0 {
		return
	}
	change(c, rand.New(rand.NewPCG(seed, 7)), img, model, 12)
	must(c, img.Flush(c.Context()))
	same(c, what+", and changes after it", contents(c, img), model)
	report, err = img.Check(c.Context(), false)
	if err != nil || report.Errors+report.Leaks > 0 {
		c.Fatalf("%s, changed afterwards: %+v, %v", what, report, err)
	}
}

func allowed(versions []version, got uint64, synced, n int) bool {
	for i, v := range versions {
		old := i+1 < len(versions) && versions[i+1].op <= synced
		if !old && v.value == got && v.at <= n {
			return true
		}
	}
	return false
}

// workload starts a run on an image made anew or, from a seed, on content.
func workload(t *testing.T, seed uint64, o CreateOptions, content []byte, base block.Device) (*crashed, Options) {
	options := Options{CacheSize: 1}
	c := &crashed{T: t, rand: rand.New(rand.NewPCG(seed, 1)), file: blocktest.NewRecorder(content)}
	if o.BackingName != "" {
		options.Backing = base
	}
	if content == nil {
		must(t, Create(c.file, o))
		c.file = blocktest.NewRecorder(c.file.Bytes())
	}
	var err error
	c.img, err = Open(t.Context(), c.file, options)
	must(t, err)
	now := contents(t, c.img)
	c.sectors = make([][]version, len(now)/512)
	for s := range c.sectors {
		c.sectors[s] = []version{{0, 0, binary.LittleEndian.Uint64(now[s*512:])}}
	}
	return c, options
}

// withSnapshot is an image that has an internal snapshot, and data since then.
func withSnapshot(t *testing.T, options ...string) []byte {
	t.Helper()
	name := filepath.Join(tempDir(t), "snapshot.qcow2")
	qemu(t, "qemu-img", append(append([]string{"create", "-q", "-f", "qcow2"}, options...), name, "256k")...)
	qemu(t, "qemu-io", "-c", "write -P 1 0 200k", name)
	qemu(t, "qemu-img", "snapshot", "-c", "one", name)
	qemu(t, "qemu-io", "-c", "write -P 2 64k 9k", name)
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}

// soak is how many seeds a test tries, and until when: SPUR_SOAK, a duration that
// so many tests share, has it go on for so long with other seeds.
func soak(least uint64, tests int) (seeds uint64, until time.Time) {
	if d, err := time.ParseDuration(os.Getenv("SPUR_SOAK")); err == nil {
		return ^uint64(0), time.Now().Add(d / time.Duration(tests))
	}
	return least, time.Time{}
}

// TestCrash loses power at thousands of moments.
func TestCrash(t *testing.T) {
	base := block.NewMemory(200 << 10)
	b := make([]byte, base.Size())
	for s := range len(b) / 512 {
		fill(b[s*512:(s+1)*512], 1<<60+uint64(s))
	}
	must(t, base.Write(t.Context(), b, 0, 0))
	named := CreateOptions{Size: 256 << 10, BackingName: "base", BackingFormat: FormatRaw}
	extended, lazy := named, named
	extended.ClusterSize, extended.RefcountBits = 16<<10, 64
	lazy.LazyRefcounts, lazy.ClusterSize, lazy.RefcountBits = true, 1024, 64
	kinds := []struct {
		options CreateOptions
		content []byte
	}{
		{options: named}, {options: extended}, {options: lazy},
		{options: CreateOptions{Size: 256 << 10, ClusterSize: 512, RefcountBits: 1}},
		{options: CreateOptions{Size: 256 << 10, ClusterSize: 4096, Version: 2}},
		{options: CreateOptions{Size: 3 << 20, ClusterSize: 512, RefcountBits: 64}},
		{options: CreateOptions{Size: 3 << 20, ClusterSize: 512, RefcountBits: 64, LazyRefcounts: true}},
		{content: withSnapshot(t, "-o", "cluster_size=2k")},
		{content: withSnapshot(t, "-o", "cluster_size=16k,extended_l2=on,lazy_refcounts=on")},
	}
	seeds, until := soak(5, 2)
	rounds := 0
	for seed := uint64(1); seed <= seeds && (until.IsZero() || time.Now().Before(until)); seed++ {
		for _, k := range kinds {
			c, options := workload(t, seed, k.options, k.content, base)
			for range 50 {
				must(t, c.step(t.Context()))
			}
			points := min(60, c.file.Len())
			if k.options.Size > 1<<20 {
				points = 15
			}
			for i := range points {
				c.verify(options, (i+1)*c.file.Len()/points, seed*1000+uint64(i))
				rounds++
			}
			must(t, c.img.Close())
			c.verify(options, c.file.Len(), seed)
		}
	}
	t.Logf("%d crashes", rounds)
}

// TestCrashOfMany is the same while many write to interleaved sectors.
func TestCrashOfMany(t *testing.T) {
	const workers = 6
	c, options := workload(t, 3, CreateOptions{Size: 128 << 10, ClusterSize: 16 << 10, ExtendedL2: Yes}, nil, nil)
	var each [workers]*crashed
	var wg sync.WaitGroup
	for w := range workers {
		mine := &crashed{T: t, rand: rand.New(rand.NewPCG(3, uint64(w))), file: c.file, img: c.img, sectors: make([][]version, len(c.sectors))}
		for s := w; s < len(c.sectors); s += workers {
			mine.sectors[s] = c.sectors[s]
		}
		each[w] = mine
		wg.Go(func() {
			for range 60 {
				if err := mine.own(t.Context(), w, workers); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range 60 {
		n := (i + 1) * c.file.Len() / 60
		for w := range workers {
			each[w].verify(options, n, uint64(i)<<2+1)
		}
	}
	must(t, c.img.Close())
}

// own writes, zeroes or flushes one sector of those that are w modulo n.
func (c *crashed) own(ctx context.Context, w, n int) error {
	c.ops++
	at := c.file.Len()
	if c.rand.IntN(8) == 0 {
		ops := c.ops
		if err := c.img.Flush(ctx); err != nil {
			return err
		}
		c.flushes = append(c.flushes, struct{ at, ops int }{c.file.Len(), ops})
		return nil
	}
	s := c.rand.IntN(len(c.sectors)/n)*n + w
	if c.rand.IntN(4) == 0 {
		c.note(s, s+1, at, 0)
		return c.img.Zero(ctx, int64(s)*512, 512, 0)
	}
	b := make([]byte, 512)
	fill(b, uint64(c.ops)<<32+uint64(s))
	c.note(s, s+1, at, uint64(c.ops)<<32)
	return c.img.Write(ctx, b, int64(s)*512, 0)
}

// TestCrashOfChanges loses power while the disk grows, and while it is committed.
func TestCrashOfChanges(t *testing.T) {
	for i, o := range []CreateOptions{{ClusterSize: 512, RefcountBits: 64}, {ClusterSize: 512, LazyRefcounts: true},
		{BackingName: "b", ClusterSize: 16 << 10}, {BackingName: "b", ClusterSize: 512}} {
		o.Size = 100<<10 + 512
		base := block.NewMemory(150 << 10)
		must(t, base.Write(t.Context(), noise(rand.New(rand.NewPCG(1, 1)), 150<<10), 0, 0))
		c, options := workload(t, uint64(i), o, nil, base)
		model := contents(t, c.img)
		change(t, c.rand, c.img, model, 20)
		must(t, c.img.Flush(t.Context()))
		start := c.file.Len()
		if i < 3 {
			must(t, c.img.Resize(t.Context(), 3<<20))
		} else {
			must(t, c.img.Commit(t.Context()))
		}
		must(t, c.img.Close())
		for n := start; n <= c.file.Len(); n += 1 + (c.file.Len()-start)/60 {
			for seed := range uint64(4) {
				img, err := Open(t.Context(), blocktest.NewRecorder(c.file.Crash(n, seed)), options)
				must(t, err)
				report, err := img.Check(t.Context(), true)
				if err != nil || report.Errors > 0 {
					t.Fatalf("%d: after %d of %d: %+v, %v", i, n, c.file.Len(), report, err)
				}
				now := contents(t, img)
				same(t, fmt.Sprintf("%d: after %d of %d", i, n, c.file.Len()), now[:len(model)], model)
				same(t, "what was added", now[len(model):], make([]byte, len(now)-len(model)))
				must(t, img.Close())
			}
		}
	}
}

// TestCrashOfRebase: at any moment the image lies over the one or the other, and
// reads the same.
func TestCrashOfRebase(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	one, two := block.NewMemory(150<<10), block.NewMemory(90<<10)
	p := noise(r, 150<<10)
	must(t, one.Write(t.Context(), p, 0, 0))
	copy(p[20<<10:], noise(r, 30<<10))
	must(t, two.Write(t.Context(), p[:90<<10], 0, 0))
	under := map[string]block.Device{"one": one, "two": two}
	for i, to := range []RebaseOptions{{Name: "two", Format: FormatRaw, Backing: two}, {}} {
		o := CreateOptions{Size: 170 << 10, ClusterSize: 1024, BackingName: "one", BackingFormat: FormatRaw}
		c, _ := workload(t, uint64(i), o, nil, one)
		model := contents(t, c.img)
		change(t, c.rand, c.img, model, 20)
		must(t, c.img.Flush(t.Context()))
		start := c.file.Len()
		must(t, c.img.Rebase(t.Context(), to))
		must(t, c.img.Close())
		over := map[string]int{}
		for n := start; n <= c.file.Len(); n++ {
			file := blocktest.NewRecorder(c.file.Crash(n, uint64(n)))
			h, err := readHeader(file)
			must(t, err)
			over[h.name]++
			img, err := Open(t.Context(), file, Options{Backing: under[h.name]})
			must(t, err)
			report, err := img.Check(t.Context(), true)
			if err != nil || report.Errors > 0 {
				t.Fatalf("to %q: after %d of %d: %+v, %v", to.Name, n, c.file.Len(), report, err)
			}
			same(t, fmt.Sprintf("to %q: after %d of %d", to.Name, n, c.file.Len()), contents(t, img), model)
			must(t, img.Close())
		}
		if over["one"] < 10 || over[to.Name] == 0 {
			t.Errorf("to %q: it lay over %v", to.Name, over)
		}
	}
}
