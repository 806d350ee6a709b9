package vhd_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/vhd"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "disk.vhd")
	if err := exec.Command("qemu-img", "create", "-q", "-f", "vpc", "-o", "force_size=on", name, "1G").Run(); err != nil {
		log.Fatal(err)
	}

	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	disk, err := vhd.Open(ctx, file, vhd.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()
	first := make([]byte, 512)
	err = disk.Read(ctx, first, 0)
	fmt.Println(disk.Size(), first[0], err)
	// Output: 1073741824 0 <nil>
}
