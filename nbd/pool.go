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

// budget bounds the bytes that one connection's requests hold.
type budget struct {
	mu   sync.Mutex
	free sync.Cond
	left int
}

func (b *budget) init(n int) {
	b.left = n
	b.free.L = &b.mu
}

// leastCharge is what the smallest buffer costs, so that the budget bounds the
// number of replies that wait as well.
const leastCharge = 4096

// chargeFor is what get(n) will cost.
func chargeFor(n int) int { return max(smallestBuffer<<classOf(n), leastCharge) }

func charge(b *buffer) int { return max(len(b.b)-headroom, leastCharge) }

// try takes n bytes unless it would have to wait.
func (b *budget) try(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

// take waits for n bytes.
func (b *budget) take(n int) {
	b.mu.Lock()
	for b.left < n {
		b.free.Wait()
	}
	b.left -= n
	b.mu.Unlock()
}

func (b *budget) give(n int) {
	b.mu.Lock()
	b.left += n
	b.mu.Unlock()
	b.free.Broadcast()
}
