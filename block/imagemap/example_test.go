package imagemap_test

import (
	"context"
	"fmt"
	"log"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// A format in which a header of 512 bytes is followed by half of the disk, whose
// other half is zeros.
func Example() {
	ctx := context.Background()
	file := block.NewMemory(1536)
	if err := file.Write(ctx, []byte("hello"), 512, 0); err != nil {
		log.Fatal(err)
	}
	lookup := func(_ context.Context, off, n int64) (imagemap.Piece, error) {
		if off >= 1024 {
			return imagemap.Piece{Where: imagemap.Zero, Length: n}, nil
		}
		return imagemap.Piece{Where: imagemap.InFile, Offset: 512 + off, Length: min(n, 1024-off)}, nil
	}
	disk := imagemap.New(imagemap.Config{Size: 2048, File: block.FileOf(ctx, file), Lookup: lookup})
	defer disk.Close()
	p := make([]byte, 5)
	err := disk.Read(ctx, p, 0)
	fmt.Println(disk.Size(), string(p), err)
	_ = disk.Extents(ctx, 0, disk.Size(), func(e block.Extent) bool {
		fmt.Println(e.Offset, e.Length, e.Hole)
		return true
	})
	// Output:
	// 2048 hello <nil>
	// 0 1024 false
	// 1024 1024 true
}
