package httpblock_test

import (
	"io"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/httpblock"
)

// BenchmarkDevice reads 64 MiB in order, beside a plain GET of the same.
func BenchmarkDevice(b *testing.B) {
	const size = 64 << 20
	server := serve(b, httpblock.Handler(memory(b, content(size)), httpblock.HandlerOptions{ETag: `"1"`}))
	b.Run("GET", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			response, err := server.Client().Get(server.URL)
			must(b, err)
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, 256<<10))
			must(b, err)
			_ = response.Body.Close()
		}
	})
	b.Run("device", func(b *testing.B) {
		b.SetBytes(size)
		p := make([]byte, 128<<10)
		for b.Loop() {
			d, err := open(b, server, httpblock.Options{})
			must(b, err)
			for off := int64(0); off < size; off += int64(len(p)) {
				must(b, d.Read(b.Context(), p, off))
			}
			must(b, block.Device(d).Close())
		}
	})
}
