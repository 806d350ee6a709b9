package tftp

import (
	"fmt"
	"io"
)

// A layout is how a file is cut into blocks, which are counted from 1 without
// rolling over.
type layout struct {
	size      int64  // bytes of the file; -1: unknown
	blockSize int    // payload bytes of a packet
	stride    int    // bytes of a packet
	last      uint64 // the final block, 0 while unknown
	lastSize  int    // its payload bytes
}

// bytesTo returns the payload bytes of the blocks up to the given one.
func (l *layout) bytesTo(block uint64) int64 {
	n := int64(block) * int64(l.blockSize)
	if l.last != 0 && block >= l.last {
		n += int64(l.lastSize - l.blockSize)
	}
	return n
}

// cut returns the packets from slot on that hold the blocks from from to to.
func (l *layout) cut(memory []byte, slot int, from, to uint64) []byte {
	packets := memory[slot*l.stride : (slot+int(to-from)+1)*l.stride]
	if l.last != 0 && to == l.last {
		packets = packets[:len(packets)-l.blockSize+l.lastSize]
	}
	return packets
}

// truncated is the error of a file that ends after have bytes.
func (l *layout) truncated(have int64) error {
	return fmt.Errorf("%w: %d of %d bytes", ErrTruncated, have, l.size)
}

// blocks is a file as DATA packets, ready to be sent.
type blocks interface {
	// packets returns the packets of blocks from from to to, both included, or
	// of as many of them as there are and lie side by side, and the number of
	// the last. The client has those up to acked. The packets are valid until
	// the next call.
	packets(acked, from, to uint64) (packets []byte, through uint64, err error)
	// close ends it.
	close()
	// shape returns the layout; its end is known once the final block was
	// asked for.
	shape() *layout
}

// newBlocks picks the quickest way to read f in the given mode. size is -1
// when unknown. The cache has what others have read of f.
func newBlocks(f io.Reader, mode Mode, size int64, blockSize, windowSize int, cache *blockCache) blocks {
	l := layout{size: size, blockSize: blockSize, stride: headerSize + blockSize}
	if mode == Netascii { // its size on the wire is known when it has been sent
		l.size = -1
		return newRetransmitBuffer(newNetasciiReader(f), l, windowSize)
	}
	at, ok := f.(io.ReaderAt)
	if !ok || size < 0 {
		return newRetransmitBuffer(f, l, windowSize)
	}
	return newSeekableFile(at, l, windowSize, cache)
}
