package nbd

import (
	"math/bits"
	"sync"
)

// buffer is memory for one reply or one payload, header included. It goes back
// to where it came from.
type buffer struct {
	b     []byte
	class int
}

const (
	smallestBuffer = 512
	bufferClasses  = 20 // up to 128 MiB, for 64 MiB and their headers
	headroom       = 64 // for the header before the data
)

// pool keeps buffers by size: powers of two and a header each.
type pool struct {
	classes [bufferClasses]sync.Pool
}

// classOf is the class of a buffer for n bytes.
func classOf(n int) int {
	if n <= smallestBuffer {
		return 0
	}
	return bits.Len(uint(n-1)) - bits.Len(uint(smallestBuffer-1))
}

// get returns a buffer for a header and n bytes.
func (p *pool) get(n int) *buffer {
	class := classOf(n)
	if b, ok := p.classes[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, smallestBuffer<<class+headroom), class: class}
}

// put gives a buffer back.
func (p *pool) put(b *buffer) {
	p.classes[b.class].Put(b)
}

// leastCharge is what the smallest buffer costs, so that memory bounds the
// number of replies that wait as well.
const leastCharge = 4096

// chargeFor is what get(n) will cost.
func chargeFor(n int) int { return max(smallestBuffer<<classOf(n), leastCharge) }

func charge(b *buffer) int { return max(len(b.b)-headroom, leastCharge) }
