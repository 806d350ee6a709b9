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
// so that a crowd reads a file once, and what it sends is in the processor's
// caches.
type blockCache struct {
	now   func() time.Time
	mu    sync.Mutex // guards what follows: files, and who uses which of their chunks
	files map[fileVersion]*cachedFile
}

// A fileVersion is a file as it was when a transfer began, cut in one way. A file
// that changes is another version for whoever begins after that.
type fileVersion struct {
	device, inode      uint64
	modified, change   syscall.Timespec
	size               int64
	blockSize, inChunk int
}

// A cachedFile is a version of a file that is being read.
type cachedFile struct {
	cache     *blockCache
	version   fileVersion
	chunkSize int // bytes
	readers   int
	chunks    map[uint64]*chunk // by number, from 0
	unused    []*chunk          // those of them that nobody uses; the longest unused first
}

// A chunk is consecutive blocks of a file, as packets.
type chunk struct {
	number uint64
	users  int

	mu     sync.Mutex // held while it is filled; nobody writes to it after that
	memory []byte
	first  uint64 // block
	count  int    // blocks; 0 while it is blank
}

func (c *chunk) has(block uint64) bool {
	return c != nil && block >= c.first && block < c.first+uint64(c.count)
}

const (
	// maxUnused bounds the chunks of a file that nobody uses; there are no more
	// of them than other readers either.
	maxUnused = 64
	// settled is how old a change of a file must be before its chunks are
	// shared: a second change within the same tick of the file system's clock
	// would make another version that can't be told from the first.
	settled = 2 * time.Second
)

func newBlockCache() *blockCache {
	return &blockCache{now: time.Now, files: map[fileVersion]*cachedFile{}}
}

// open begins to read a file. What can't be told from others has one reader.
func (c *blockCache) open(from io.ReaderAt, l layout, inChunk int) *cachedFile {
	v, known := versionOf(from, c.now())
	v.size, v.blockSize, v.inChunk = l.size, l.blockSize, inChunk
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[v]
	if f == nil || !known {
		f = &cachedFile{cache: c, version: v, chunkSize: inChunk * l.stride, chunks: map[uint64]*chunk{}}
	}
	if known {
		c.files[v] = f
	}
	f.readers++
	return f
}

// versionOf says which file one is, if it is one of the host's, and settled.
func versionOf(from io.ReaderAt, now time.Time) (fileVersion, bool) {
	file, ok := from.(*os.File)
	if !ok {
		return fileVersion{}, false
	}
	info, err := file.Stat()
	if err != nil {
		return fileVersion{}, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || now.Sub(time.Unix(stat.Ctim.Unix())) < settled {
		return fileVersion{}, false
	}
	return fileVersion{device: stat.Dev, inode: stat.Ino, modified: stat.Mtim, change: stat.Ctim}, true
}

// swap gives back a chunk, if old isn't nil, and returns the one with this
// number, which may be blank.
func (f *cachedFile) swap(old *chunk, number uint64) *chunk {
	f.cache.mu.Lock()
	defer f.cache.mu.Unlock()
	f.release(old)
	c := f.chunks[number]
	switch {
	case c == nil:
		c = f.blank(number)
	case c.users == 0:
		f.unused = slices.DeleteFunc(f.unused, func(other *chunk) bool { return other == c })
	}
	c.users++
	return c
}

// blank makes a chunk, of the memory that was unused longest if it can.
func (f *cachedFile) blank(number uint64) *chunk {
	var c *chunk
	if len(f.unused) > f.maxUnused() {
		c = f.evict()
	} else {
		c = &chunk{memory: make([]byte, f.chunkSize)}
	}
	c.number, c.count = number, 0
	f.chunks[number] = c
	return c
}

// close ends the reading of somebody who uses c.
func (f *cachedFile) close(c *chunk) {
	f.cache.mu.Lock()
	defer f.cache.mu.Unlock()
	f.release(c)
	f.readers--
	for len(f.unused) > f.maxUnused() {
		f.evict()
	}
	if f.readers == 0 && f.cache.files[f.version] == f {
		delete(f.cache.files, f.version)
	}
}

func (f *cachedFile) release(c *chunk) {
	if c == nil {
		return
	}
	if c.users--; c.users == 0 {
		f.unused = append(f.unused, c)
	}
}

// evict drops the chunk that was unused longest.
func (f *cachedFile) evict() *chunk {
	c := f.unused[0]
	f.unused = slices.Delete(f.unused, 0, 1)
	delete(f.chunks, c.number)
	return c
}

func (f *cachedFile) maxUnused() int { return max(0, min(f.readers-1, maxUnused)) }
