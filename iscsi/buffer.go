package iscsi

import (
	"math/bits"
	"sync"

	"github.com/spurboot/spur/block/share"
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
	owner *share.Account // what it was taken from
}

// buffers are the pools of a server. A session that is idle holds nothing.
type buffers struct {
	pools [bufferClasses]sync.Pool
}

// try returns n bytes of any content, at most 16 MiB, or nil where the account
// may hold no more.
func (p *buffers) try(owner *share.Account, n int) *buffer {
	if !owner.Try(bufferSize(n)) {
		return nil
	}
	return p.get(owner, n)
}

// bufferSize is what a buffer of n bytes takes of an account.
func bufferSize(n int) int { return 1 << (bufferClass(n) + minBufferBits) }

// get returns n bytes that the account holds already.
func (p *buffers) get(owner *share.Account, n int) *buffer {
	class := bufferClass(n)
	b, ok := p.pools[class].Get().(*buffer)
	if !ok {
		b = &buffer{all: make([]byte, 1<<(class+minBufferBits)), class: class}
	}
	b.b, b.owner = b.all[:n], owner
	return b
}

func (p *buffers) put(b *buffer) {
	if b == nil {
		return
	}
	owner, size := b.owner, len(b.all)
	p.pools[b.class].Put(b)
	owner.Give(size)
}

func bufferClass(n int) int { return bits.Len(uint(max(n, 1)-1) >> minBufferBits) }
