package raw_test

import (
	"fmt"
	"testing"

	"github.com/spurboot/spur/block"
)

func BenchmarkDevice(b *testing.B) {
	name := b.TempDir() + "/disk.img"
	if err := create(name, 64<<20); err != nil {
		b.Fatal(err)
	}
	d, err := openFile(name, block.FileOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	for _, n := range []int64{4 << 10, 128 << 10} {
		p := make([]byte, n)
		run := func(what string, do func(off int64) error) {
			b.Run(fmt.Sprintf("%s/%dk", what, n>>10), func(b *testing.B) {
				b.SetBytes(n)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if err := do(int64(i) * n % (64 << 20)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("write", func(off int64) error { return d.Write(b.Context(), p, off, 0) })
		run("read", func(off int64) error { return d.Read(b.Context(), p, off) })
		if n == 4<<10 {
			run("FUA", func(off int64) error { return d.Write(b.Context(), p, off, block.FUA) })
		}
	}
}
