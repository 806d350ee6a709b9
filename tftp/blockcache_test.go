package tftp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// settledCache is one at a time when files that are made now have settled.
func settledCache() *blockCache {
	s := newBlockCache()
	s.now = func() time.Time { return time.Now().Add(settled + time.Second) }
	return s
}

// counted counts the chunks that are read, and can fail.
type counted struct {
	io.ReaderAt
	reads *atomic.Int64
	err   error
}

func (c *counted) ReadAt(p []byte, offset int64) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.reads.Add(1)
	return c.ReaderAt.ReadAt(p, offset)
}

// reader is a seekable file whose reads are counted.
func reader(f *os.File, size int64, s *blockCache, reads *atomic.Int64) (*seekableFile, *counted) {
	r := newSeekableFile(f, layout{size: size, blockSize: 512, stride: 512 + headerSize}, 4, s)
	c := &counted{ReaderAt: r.from, reads: reads}
	r.from = c
	return r, c
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// payload is that of a block.
func payload(t *testing.T, r *seekableFile, block uint64) []byte {
	t.Helper()
	p, _, err := r.packets(block-1, block, block)
	if err != nil {
		t.Fatalf("block %d: %v", block, err)
	}
	return p[headerSize:]
}

// Many transfers read a file once, and no memory is left.
func TestManyReadOnce(t *testing.T) {
	content := randomBytes(2<<20 + 5)
	f := openFile(t, content)
	s := settledCache()
	var reads atomic.Int64
	all := make([]*seekableFile, 50)
	for i := range all {
		all[i], _ = reader(f, int64(len(content)), s, &reads)
	}
	last, most := all[0].last, 0
	for step := uint64(1); step <= last+uint64(len(all)); step++ {
		for i, r := range all { // one block behind the other
			if block := step - uint64(i); block >= 1 && block <= last {
				if got := payload(t, r, block); !bytes.Equal(got, content[(block-1)*512:min(block*512, uint64(len(content)))]) {
					t.Fatalf("block %d of transfer %d differs", block, i)
				}
			}
		}
		most = max(most, len(s.chunks))
	}
	if chunks := int64(last-1)/int64(all[0].inChunk) + 1; reads.Load() != chunks {
		t.Errorf("%d chunks were read, of %d", reads.Load(), chunks)
	}
	if most > 2*len(all) {
		t.Errorf("%d chunks in memory", most)
	}
	for _, r := range all {
		r.close()
	}
	if len(s.unused) != 0 || len(s.chunks) != 0 {
		t.Error("something is left in the cache")
	}
}

// Who reads alone, or with others far away, works in no more memory than it has
// to, and allocates nothing.
func TestAlone(t *testing.T) {
	content := randomBytes(4 << 20)
	f := openFile(t, content)
	var reads atomic.Int64
	s := settledCache()
	r, _ := reader(f, int64(len(content)), s, &reads)
	pass := func() {
		for block := uint64(1); block <= r.last; block += uint64(r.inChunk) {
			payload(t, r, block)
		}
	}
	if n := testing.AllocsPerRun(3, pass); n != 0 {
		t.Errorf("%v allocations in a pass", n)
	}
	if n := len(s.chunks); n != 1 {
		t.Errorf("%d chunks in memory", n)
	}
	far, _ := reader(f, int64(len(content)), s, &reads)
	payload(t, far, r.last)
	if n := testing.AllocsPerRun(3, pass); n != 0 {
		t.Errorf("%v allocations in a pass beside another", n)
	}
	if n := len(s.chunks); n > 3 {
		t.Errorf("%d chunks in memory for two", n)
	}
}

// Chunks are shared by those that read the same, and by nobody else.
func TestFileVersions(t *testing.T) {
	old, young := randomBytes(8192), bytes.Repeat([]byte("young"), 8192)[:8192]
	f := openFile(t, old)
	var reads atomic.Int64
	read := func(s *blockCache) *seekableFile {
		r, _ := reader(f, 8192, s, &reads)
		payload(t, r, 1)
		return r
	}
	s := settledCache()
	first := read(s)
	if read(s); reads.Load() != 1 {
		t.Errorf("two readers of one file read it %d times", reads.Load())
	}
	if err := os.WriteFile(f.Name(), young, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := payload(t, read(s), 1); !bytes.Equal(got, young[:512]) {
		t.Error("who comes after a change gets what was there before")
	}
	if got := payload(t, first, 1); !bytes.Equal(got, old[:512]) {
		t.Error("what somebody has in hand has changed")
	}
	before := reads.Load()
	early := newBlockCache()
	if read(early); read(early) == nil || reads.Load() != before+2 {
		t.Error("of a file that has just changed chunks are shared")
	}
	memory := Bytes(old)
	for range 2 {
		if b := newBlocks(memory, Octet, 8192, 512, 1, s).(*seekableFile); b.version.only != b {
			t.Error("what is no file is shared")
		}
	}
}

// What one can't read others may, and a failure is left in no cache.
func TestFailedChunk(t *testing.T) {
	content := randomBytes(1 << 20)
	f := openFile(t, content)
	s := settledCache()
	var reads atomic.Int64
	bad, broken := reader(f, 1<<20, s, &reads)
	good, _ := reader(f, 1<<20, s, &reads)
	broken.err = errors.New("broken")
	if _, _, err := bad.packets(0, 1, 4); !errors.Is(err, broken.err) {
		t.Fatal(err)
	}
	if got := payload(t, good, 1); !bytes.Equal(got, content[:512]) {
		t.Error("block 1 differs")
	}
	if got := payload(t, bad, 1); !bytes.Equal(got, content[:512]) { // in the cache now
		t.Error("block 1 differs")
	}
	if n := testing.AllocsPerRun(10, func() { _, _, _ = bad.packets(1000, 1001, 1004) }); n != 0 {
		t.Errorf("%v allocations for a failure", n)
	}
	bad.close()
	good.close()
	if len(s.chunks) != 0 {
		t.Error("a file is left")
	}
}

// What one is about to read another waits for, and doesn't read as well.
func TestChunkIsReadOnce(t *testing.T) {
	f := openFile(t, randomBytes(1<<20))
	s := settledCache()
	var reads atomic.Int64
	slow, held := reader(f, 1<<20, s, &reads)
	quick, _ := reader(f, 1<<20, s, &reads)
	under, release := make(chan struct{}), make(chan struct{})
	held.ReaderAt = readerAt(func(p []byte, offset int64) (int, error) {
		close(under)
		<-release
		return f.ReadAt(p, offset)
	})
	var both sync.WaitGroup
	fetch := func(r *seekableFile) {
		if _, _, err := r.packets(0, 1, 4); err != nil {
			t.Error(err)
		}
	}
	both.Go(func() { fetch(slow) })
	<-under
	both.Go(func() { fetch(quick) })
	time.Sleep(10 * time.Millisecond) // for the second to come that far
	close(release)
	both.Wait()
	if reads.Load() != 1 {
		t.Errorf("one chunk was read %d times", reads.Load())
	}
	slow.close()
	quick.close()
}

type readerAt func(p []byte, offset int64) (int, error)

func (r readerAt) ReadAt(p []byte, offset int64) (int, error) { return r(p, offset) }

// Transfers that read, fall back, and leave, all at once, get what is in the file.
func TestCacheUnderWay(t *testing.T) {
	content := randomBytes(1<<20 + 77)
	f := openFile(t, content)
	s := settledCache()
	var reads atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range 5 {
				r, _ := reader(f, int64(len(content)), s, &reads)
				for block := uint64(1); block <= r.last; block++ {
					p, through, err := r.packets(block-1, block, min(block+3, r.last))
					if err != nil {
						t.Error(err)
						return
					}
					for n := block; n <= through; n++ {
						part := p[int(n-block)*r.stride+headerSize:]
						if part = part[:min(512, len(part))]; !bytes.Equal(part, content[(n-1)*512:min(n*512, uint64(len(content)))]) {
							t.Errorf("block %d differs", n)
							return
						}
					}
					if block = through; random.IntN(50) == 0 {
						block -= min(block, 200)
					}
				}
				r.close()
			}
		})
	}
	all.Wait()
	if len(s.chunks) != 0 {
		t.Error("something is left in the cache")
	}
}
