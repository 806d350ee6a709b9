package block_test

import (
	"context"
	"fmt"
	"log"

	"github.com/spurboot/spur/block"
)

// A disk in memory, of which a part is shown to others, for reading.
func Example() {
	ctx := context.Background()
	disk := block.NewMemory(1 << 40)
	if err := disk.Write(ctx, []byte("hello"), 1<<30, block.FUA); err != nil {
		log.Fatal(err)
	}
	part, err := block.Section(block.ReadOnly(disk), 1<<30, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	defer part.Close()
	_ = part.Extents(ctx, 0, part.Size(), func(e block.Extent) bool {
		fmt.Println(e.Offset, e.Length, e.Hole)
		return true
	})
	fmt.Println(part.Write(ctx, []byte("x"), 0, 0))
	// Output:
	// 0 65536 false
	// 65536 983040 true
	// the device is read-only
}
