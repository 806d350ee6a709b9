package tftp

import (
	"errors"
	"io"
)

// A seekableFile is the blocks of a file that can be read anywhere. Only one
// chunk of them is in memory, about as much as one system call sends: what is
// lost on the way is read again. Transfers of one file share its chunks.
type seekableFile struct {
	layout
	from    io.ReaderAt
	inChunk int // blocks
	cache   *blockCache
	version fileVersion
	chunk   *chunk // in use
}

func newSeekableFile(from io.ReaderAt, l layout, windowSize int, cache *blockCache) *seekableFile {
	l.last, l.lastSize = uint64(l.size/int64(l.blockSize))+1, int(l.size%int64(l.blockSize))
	count := max(1, maxDatagram/l.stride)
	if windowSize > 0 && count > windowSize { // so that no window is cut in two
		count -= count % windowSize
	}
	f := &seekableFile{layout: l, from: from, inChunk: int(min(uint64(count), l.last)), cache: cache}
	f.version = cache.open(f)
	return f
}

func (f *seekableFile) close() { f.cache.close(f.chunk) }

func (f *seekableFile) shape() *layout { return &f.layout }

func (f *seekableFile) packets(_, from, to uint64) ([]byte, uint64, error) {
	if err := f.load(from); err != nil {
		return nil, 0, err
	}
	to = min(to, f.chunk.first+uint64(f.chunk.count)-1)
	return f.cut(f.chunk.memory, int(from-f.chunk.first), from, to), to, nil
}

// load makes the chunk in use one that has the given block.
func (f *seekableFile) load(block uint64) error {
	if f.chunk.has(block) {
		return nil
	}
	key := chunkKey{f.version, (block - 1) / uint64(f.inChunk)}
	f.chunk = f.cache.swap(f.chunk, key, f.inChunk*f.stride)
	f.chunk.mu.Lock()
	defer f.chunk.mu.Unlock()
	if f.chunk.has(block) { // another has read it
		return nil
	}
	return f.fill(f.chunk)
}

// fill reads a chunk: the payloads at once, to the end of its memory, from where
// they are moved apart to make room for the headers.
func (f *seekableFile) fill(c *chunk) error {
	first := c.key.number*uint64(f.inChunk) + 1
	last := min(first+uint64(f.inChunk)-1, f.last)
	offset := int64(first-1) * int64(f.blockSize)
	payload := c.memory[f.inChunk*headerSize:]
	payload = payload[:min(int64(len(payload)), f.size-offset)]
	if n, err := f.from.ReadAt(payload, offset); n < len(payload) {
		if err == nil || errors.Is(err, io.EOF) {
			err = f.truncated(offset + int64(n))
		}
		return err
	}
	for n := first; n <= last; n++ {
		packet := c.memory[int(n-first)*f.stride:][:f.stride]
		payload = payload[copy(packet[headerSize:], payload):]
		putHeader(packet, opData, uint16(n))
	}
	c.first, c.count = first, int(last-first)+1
	return nil
}
