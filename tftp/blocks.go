package tftp

// blocks is a ring of DATA packets, ready to be sent: block n lies in slot
// n-1 mod count. Consecutive blocks lie side by side and the ring holds whole
// windows, so that a window is one piece of memory for the kernel to cut.
type blocks struct {
	source    source
	blockSize int
	stride    int // bytes of a slot
	count     int // slots
	ring      []byte
	filled    uint64 // highest block in the ring
	last      uint64 // the final block, 0 while unknown
	lastSize  int    // its payload bytes
}

// readAhead is how many bytes are read from a file in one go at least.
const readAhead = 32 << 10

func newBlocks(source source, blockSize, windowSize int) *blocks {
	ahead := 0
	if source.eager() {
		ahead = min(readAhead/blockSize, maxVectors/2)
	}
	windowSize = max(windowSize, 1)
	windows := max(2, (2*ahead+windowSize-1)/windowSize) // one under way, one being read
	count := windows * windowSize
	stride := headerSize + blockSize
	return &blocks{source: source, blockSize: blockSize, stride: stride, count: count, ring: make([]byte, count*stride)}
}

// need makes sure that blocks up to the given one are in the ring, as far as
// the file has them. Blocks after kept stay.
func (b *blocks) need(kept, to uint64) error {
	for b.last == 0 && b.filled < to {
		most := kept + uint64(b.count)
		if !b.source.eager() {
			most = min(most, to)
		}
		if err := b.fill(most); err != nil {
			return err
		}
	}
	return nil
}

// prefetch reads ahead while the client is busy with the blocks it has.
func (b *blocks) prefetch(kept uint64) error {
	most := kept + uint64(b.count)
	if b.last != 0 || !b.source.eager() || most-b.filled < uint64(b.count/2) {
		return nil
	}
	return b.fill(most)
}

// fill reads up to the given block, or to the end of the ring's memory.
func (b *blocks) fill(to uint64) error {
	slot := b.slot(b.filled + 1)
	count := min(int(to-b.filled), b.count-slot, maxVectors)
	slots := b.ring[slot*b.stride : (slot+count)*b.stride]
	n, err := b.source.fill(slots, b.blockSize, count)
	if err != nil {
		return err
	}
	whole := n / b.blockSize
	if whole < count { // a final block is shorter than the others, if need be empty
		b.last, b.lastSize = b.filled+uint64(whole)+1, n%b.blockSize
		count = whole + 1
	}
	for i := range count {
		b.filled++
		putHeader(slots[i*b.stride:], opData, uint16(b.filled))
	}
	return nil
}

// packets returns the packets of blocks from to to, both included, or of as
// many of them as lie side by side.
func (b *blocks) packets(from, to uint64) (packets []byte, count uint64) {
	slot := b.slot(from)
	count = min(to-from+1, uint64(b.count-slot))
	packets = b.ring[slot*b.stride : (slot+int(count))*b.stride]
	if b.last != 0 && from+count-1 == b.last {
		packets = packets[:len(packets)-b.blockSize+b.lastSize]
	}
	return packets, count
}

func (b *blocks) slot(block uint64) int { return int((block - 1) % uint64(b.count)) }

// bytesTo returns the payload bytes of the blocks up to the given one.
func (b *blocks) bytesTo(block uint64) int64 {
	n := int64(block) * int64(b.blockSize)
	if b.last != 0 && block >= b.last {
		n += int64(b.lastSize - b.blockSize)
	}
	return n
}
