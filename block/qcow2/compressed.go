package qcow2

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/spurboot/spur/block"
)

const (
	compressionZlib = 0
	compressionZstd = 1
	// idleUnpackers keep their last cluster, for who reads it piece by piece.
	idleUnpackers = 2
)

// unpackers read compressed clusters.
type unpackers struct {
	kind    byte
	cluster int64
	mu      sync.Mutex
	idle    []*unpacker
}

// unpacker decompresses one cluster at a time, and never makes more of it than
// a cluster's bytes.
type unpacker struct {
	of      uint64 // the descriptor of what out holds
	src     bytes.Reader
	in, out []byte
	flate   io.ReadCloser
	zstd    *zstd.Decoder
}

func (u *unpackers) init(h *header) {
	u.kind, u.cluster = h.compression, 1<<h.clusterBits
}

// read fills p from byte in of a compressed cluster. The image never makes a
// compressed cluster, so a descriptor always means the same bytes.
func (u *unpackers) read(file block.File, g *geometry, descriptor uint64, p []byte, in int64) error {
	x := u.take(descriptor)
	defer u.put(x)
	if x.of != descriptor {
		x.of = 0
		if err := x.load(file, g, descriptor, u); err != nil {
			return err
		}
		x.of = descriptor
	}
	copy(p, x.out[in:])
	return nil
}

func (u *unpackers) take(descriptor uint64) *unpacker {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := len(u.idle) - 1
	if last < 0 {
		return &unpacker{out: make([]byte, u.cluster)}
	}
	for i, x := range u.idle {
		if x.of == descriptor {
			u.idle[i], u.idle[last] = u.idle[last], x
		}
	}
	x := u.idle[last]
	u.idle = u.idle[:last]
	return x
}

func (u *unpackers) put(x *unpacker) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.idle) >= idleUnpackers {
		if u.idle[0].zstd != nil {
			u.idle[0].zstd.Close()
		}
		u.idle = append(u.idle[:0], u.idle[1:]...)
	}
	u.idle = append(u.idle, x)
}

func (u *unpackers) close() {
	for _, x := range u.idle {
		if x.zstd != nil {
			x.zstd.Close()
		}
	}
	u.idle = nil
}

func (x *unpacker) load(file block.File, g *geometry, descriptor uint64, u *unpackers) error {
	off, n := g.packedRange(descriptor)
	if int64(cap(x.in)) < n {
		x.in = make([]byte, n)
	}
	x.in = x.in[:n]
	if err := readPadded(file, x.in, off); err != nil {
		return err
	}
	x.src.Reset(x.in)
	from, err := x.decoder(u.kind)
	if err == nil {
		_, err = io.ReadFull(from, x.out)
	}
	if err != nil {
		return fmt.Errorf("decompress the cluster at %d (%w): %w", off, err, ErrCorrupt)
	}
	return nil
}

func (x *unpacker) decoder(kind byte) (io.Reader, error) {
	switch {
	case kind == compressionZstd && x.zstd == nil:
		d, err := zstd.NewReader(&x.src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(64<<20))
		x.zstd = d
		return d, err
	case kind == compressionZstd:
		return x.zstd, x.zstd.Reset(&x.src)
	case x.flate == nil:
		x.flate = flate.NewReader(&x.src)
		return x.flate, nil
	}
	return x.flate, x.flate.(flate.Resetter).Reset(&x.src, nil)
}
