package vmdk_test

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/vmdk"
)

func Example() {
	file, err := block.OpenFile("windows.vmdk", block.FileOptions{ReadOnly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	disk, err := vmdk.Open(context.Background(), file, vmdk.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer disk.Close()
	fmt.Println(disk.Size())
	// Output: open windows.vmdk: no such file or directory
}
