package vhdx_test

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/vhdx"
)

func Example() {
	file, err := block.OpenFile("windows.vhdx", block.FileOptions{ReadOnly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	disk, err := vhdx.Open(context.Background(), file, vhdx.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer disk.Close()
	fmt.Println(disk.Size())
	// Output: open windows.vhdx: no such file or directory
}
