package partition_test

import (
	"context"
	"fmt"
	"log"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/partition"
)

// A disk with a master boot record, which has one partition of 1 MiB.
func Example() {
	ctx := context.Background()
	disk := block.NewMemory(4 << 20)
	record := make([]byte, 512)
	copy(record[446:], []byte{0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0}) // 2048 sectors from 2048 on
	record[510], record[511] = 0x55, 0xaa
	if err := disk.Write(ctx, record, 0, 0); err != nil {
		log.Fatal(err)
	}

	table, err := partition.Read(ctx, disk)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range table.Partitions {
		fmt.Println(p.Number, p.Offset, p.Size, p.Type, p.Active)
	}
	first, err := partition.Open(ctx, disk, 1)
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()
	fmt.Println(first.Size())
	// Output:
	// 1 1048576 1048576 83 true
	// 1048576
}
