package archive

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
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

func openXZ(r io.Reader) (io.ReadCloser, error) {
	x, err := xz.NewReader(r, memoryMost)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(x), nil
}

// compressionHead is how much of a stream shows how it is compressed, in bytes.
const compressionHead = 8

// Compressed tells whether a stream is compressed with gzip, bzip2, xz or zstd.
func Compressed(r io.ReaderAt, size int64) (bool, error) {
	c, err := compressionOf(r, size)
	return c != nil, err
}

// Decompress unpacks a stream that is compressed with gzip, bzip2, xz or zstd; ok is
// false for one that isn't, of which nothing is read then beyond its head.
func Decompress(r io.ReaderAt, size int64) (unpacked io.ReadCloser, ok bool, err error) {
	c, err := compressionOf(r, size)
	if err != nil || c == nil {
		return nil, false, err
	}
	unpacked, err = c.open(io.NewSectionReader(r, 0, size))
	return unpacked, true, err
}

// compressionOf is nil for a stream that isn't compressed.
func compressionOf(r io.ReaderAt, size int64) (*compression, error) {
	head := make([]byte, min(compressionHead, max(size, 0)))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, err
	}
	for _, c := range compressions() {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return &c, nil
		}
	}
	return nil, nil //nolint:nilnil // as said
}
