package vhd_test

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/vhd"
)

func Example() {
	file, err := block.OpenFile("windows.vhd", block.FileOptions{ReadOnly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	disk, err := vhd.Open(context.Background(), file, vhd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer disk.Close()
	fmt.Println(disk.Size())
	// Output: open windows.vhd: no such file or directory
}
