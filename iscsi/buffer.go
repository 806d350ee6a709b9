package iscsi

import (
	"math/bits"
	"sync"
)

// Sizes of buffers: powers of two from 4 KiB to 16 MiB.
const (
	minBufferBits = 12
	maxBufferBits = 24
	bufferClasses = maxBufferBits - minBufferBits + 1
)

// buffer is memory for the data of a command, from a pool.
type buffer struct {
	b     []byte // of the length asked for
	all   []byte
	class int
}

// buffers are the pools of a server. A session that is idle holds nothing.
type buffers struct {
	pools [bufferClasses]sync.Pool
}

// get returns n bytes of any content; n is at most 16 MiB.
func (p *buffers) get(n int) *buffer {
	class := bufferClass(n)
	b, ok := p.pools[class].Get().(*buffer)
	if !ok {
		b = &buffer{all: make([]byte, 1<<(class+minBufferBits)), class: class}
	}
	b.b = b.all[:n]
	return b
}

func (p *buffers) put(b *buffer) {
	if b != nil {
		p.pools[b.class].Put(b)
	}
}

func bufferClass(n int) int {
	if n <= 1<<minBufferBits {
		return 0
	}
	return bits.Len(uint(n-1)) - minBufferBits
}
