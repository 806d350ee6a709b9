package nfs

import (
	"math/bits"
	"sync"
)

// largeBuffers are buffers for replies with more data than the one of a connection has room for.
// There are some of each power of two, so that a read holds little more than twice what it asks
// for.
type largeBuffers [largeSizes]sync.Pool // of *[]byte

const (
	smallestLarge = 2 * mostFolder // bytes of data that a buffer of the first size takes
	largeSizes    = 5              // the last takes mostRead
	largest       = mostRead + around
)

// sizeOf is the size of the buffers that n bytes of data go into, and how long those are.
func sizeOf(n int) (size, length int) {
	size = bits.Len(uint(max(n-1, 0) / smallestLarge))
	return size, smallestLarge<<size + around
}

// get is an empty buffer for n bytes of data.
func (l *largeBuffers) get(n int) *[]byte {
	size, length := sizeOf(n)
	if b, ok := l[size].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, length)
	return &b
}

// put keeps one for the next read of its size.
func (l *largeBuffers) put(b *[]byte) {
	size, _ := sizeOf(cap(*b) - around)
	l[size].Put(b)
}
