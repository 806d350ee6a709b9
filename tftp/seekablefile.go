package tftp

import (
	"errors"
	"io"
)

// A seekableFile is the blocks of a file that can be read anywhere. About as many
// of them are in memory as one system call sends: what is lost on the way is read
// again. The less memory fifty transfers work in, the more of it is in the
// processor's caches when the kernel copies it.
type seekableFile struct {
	layout
	from   io.ReaderAt
	most   int    // blocks that the memory has room for
	memory []byte // packets
	first  uint64 // block in memory
	count  int    // of them; 0 before the first was read
}

func newSeekableFile(from io.ReaderAt, l layout, windowSize int) *seekableFile {
	l.last, l.lastSize = uint64(l.size/int64(l.blockSize))+1, int(l.size%int64(l.blockSize))
	most := max(1, maxDatagram/l.stride)
	if windowSize > 0 && most > windowSize { // so that no window is cut in two
		most -= most % windowSize
	}
	most = int(min(uint64(most), l.last))
	return &seekableFile{layout: l, from: from, most: most, memory: make([]byte, most*l.stride)}
}

func (f *seekableFile) shape() *layout { return &f.layout }

func (f *seekableFile) packets(_, from, to uint64) ([]byte, uint64, error) {
	if from < f.first || from >= f.first+uint64(f.count) {
		if err := f.read(from); err != nil {
			return nil, 0, err
		}
	}
	to = min(to, f.first+uint64(f.count)-1)
	return f.cut(f.memory, int(from-f.first), from, to), to, nil
}

// read fills the memory with the blocks from first on: their payloads at once, to
// its end, from where they are moved apart to make room for the headers.
func (f *seekableFile) read(first uint64) error {
	last := min(first+uint64(f.most)-1, f.last)
	offset := int64(first-1) * int64(f.blockSize)
	payload := f.memory[f.most*headerSize:]
	payload = payload[:min(int64(len(payload)), f.size-offset)]
	f.count = 0
	if n, err := f.from.ReadAt(payload, offset); n < len(payload) {
		if err == nil || errors.Is(err, io.EOF) {
			err = f.truncated(offset + int64(n))
		}
		return err
	}
	for to := f.memory; len(payload) > 0; to = to[f.stride:] {
		n := copy(to[headerSize:f.stride], payload)
		payload = payload[n:]
	}
	f.number(f.memory, first, last)
	f.first, f.count = first, int(last-first)+1
	return nil
}
