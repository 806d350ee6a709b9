package tftp

import (
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A blockCache is where transfers find what others have just read of the same
// file. Machines that are switched on together ask for the same blocks at nearly
// the same time: what the first has read, the others send from the same memory,
// so that many clients read a file once.
type blockCache struct {
	now     func() time.Time
	mu      sync.Mutex // guards what follows, and who uses which chunk
	readers int        // transfers that read files
	chunks  map[chunkKey]*chunk
	unused  []*chunk // those of the chunks that nobody uses; the longest unused first
}

type chunkKey struct {
	file   fileVersion
	number uint64 // from 0
}

// A fileVersion is a file as it was when a transfer began, cut in one way. A file
// that changes is another version for whoever begins after that.
type fileVersion struct {
	device, inode      uint64
	modified, change   syscall.Timespec
	size               int64
	blockSize, inChunk int
	only               *seekableFile // the one reader of what can't be told from others
}

// A chunk is consecutive blocks of a file, as packets.
type chunk struct {
	key   chunkKey
	users int

	mu     sync.Mutex // held while it is filled; nobody writes to it after that
	memory []byte
	first  uint64 // block
	count  int    // blocks; 0 while it is blank
}

func (c *chunk) has(block uint64) bool {
	return c != nil && block >= c.first && block < c.first+uint64(c.count)
}

const (
	// maxUnused bounds the chunks that nobody uses; there are no more of them than
	// other readers either.
	maxUnused = 64
	// settled is how old a change of a file must be before its chunks are
	// shared: a second change within the same tick of the file system's clock
	// would make another version that can't be told from the first.
	settled = 2 * time.Second
)

func newBlockCache() *blockCache {
	return &blockCache{now: time.Now, chunks: map[chunkKey]*chunk{}}
}

// open begins to read a file.
func (c *blockCache) open(f *seekableFile) fileVersion {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readers++
	v, known := versionOf(f.from, c.now())
	if !known {
		v.only = f
	}
	v.size, v.blockSize, v.inChunk = f.size, f.blockSize, f.inChunk
	return v
}

// versionOf says which file one is, if it is one of the host's, and settled.
func versionOf(from io.ReaderAt, now time.Time) (v fileVersion, known bool) {
	file, ok := from.(*os.File)
	if !ok {
		return v, false
	}
	info, err := file.Stat()
	if err != nil {
		return v, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || now.Sub(time.Unix(stat.Ctim.Unix())) < settled {
		return v, false
	}
	return fileVersion{device: stat.Dev, inode: stat.Ino, modified: stat.Mtim, change: stat.Ctim}, true
}

// swap gives back a chunk, if old isn't nil, and returns the one with this key,
// which may be blank. size is how many bytes it needs.
func (c *blockCache) swap(old *chunk, key chunkKey, size int) *chunk {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(old)
	next := c.chunks[key]
	switch {
	case next == nil:
		next = c.blank(key, size)
	case next.users == 0:
		c.unused = slices.DeleteFunc(c.unused, func(other *chunk) bool { return other == next })
	}
	next.users++
	return next
}

// blank makes a chunk, of the memory that was unused longest if it can.
func (c *blockCache) blank(key chunkKey, size int) *chunk {
	var next *chunk
	if len(c.unused) > c.maxUnused() {
		next = c.evict()
	} else {
		next = new(chunk)
	}
	if len(next.memory) != size {
		next.memory = make([]byte, size)
	}
	next.key, next.count = key, 0
	c.chunks[key] = next
	return next
}

// close ends the reading of somebody who uses a chunk, or none.
func (c *blockCache) close(last *chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(last)
	c.readers--
	for len(c.unused) > c.maxUnused() {
		c.evict()
	}
}

func (c *blockCache) release(old *chunk) {
	if old == nil {
		return
	}
	if old.users--; old.users == 0 {
		c.unused = append(c.unused, old)
	}
}

// evict drops the chunk that was unused longest.
func (c *blockCache) evict() *chunk {
	oldest := c.unused[0]
	c.unused = slices.Delete(c.unused, 0, 1)
	delete(c.chunks, oldest.key)
	return oldest
}

func (c *blockCache) maxUnused() int { return max(0, min(c.readers-1, maxUnused)) }
