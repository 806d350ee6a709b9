package archive

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// compression is a format of streams.
type compression struct {
	magic string
	open  func(io.Reader) (io.ReadCloser, error)
}

// memoryMost is what unpacking one stream may need, in bytes: xz -9 and zstd --ultra
// need half of it.
const memoryMost = 128 << 20

func compressions() []compression {
	return []compression{
		{"\x1f\x8b", openGzip},
		{"BZh", func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }},
		{"\xfd7zXZ\x00", openXZ},
		{"\x28\xb5\x2f\xfd", openZstd},
	}
}

func openGzip(r io.Reader) (io.ReadCloser, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return z, nil
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(memoryMost), zstd.WithDecoderMaxWindow(memoryMost))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}

// openXZ refuses what would need too much memory, which the first block says.
func openXZ(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(r)
	head, _ := b.Peek(xzHead)
	if size := dictionary(head); size > memoryMost {
		return nil, fmt.Errorf("its dictionary has %d MiB; at most %d are taken", size>>20, memoryMost>>20)
	}
	x, err := xz.NewReader(b)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(x), nil
}

// xzHead is where the first block of an xz stream has ended its header.
const xzHead = 12 + 1024

// dictionary is the size of the first block's dictionary (The .xz File Format 1.0.4,
// sections 3.1 and 5.3.1); 0 where it isn't found.
func dictionary(head []byte) uint64 {
	const header = 12
	if len(head) < header+8 || head[header] == 0 {
		return 0
	}
	at := header + 2
	for sizes := head[header+1] >> 6; sizes > 0; sizes >>= 1 {
		if sizes&1 == 0 {
			continue
		}
		for at < len(head) && head[at]&0x80 != 0 {
			at++
		}
		at++
	}
	// The filter LZMA2, the last, has one byte of properties. Others come before it.
	for filters := head[header+1]&3 + 1; filters > 0 && at+2 < len(head); filters-- {
		if head[at] == 0x21 && head[at+1] == 1 {
			bits := head[at+2] & 0x3f
			return (2 | uint64(bits&1)) << (bits/2 + 11)
		}
		at += 2 + int(head[at+1])
	}
	return 0
}
