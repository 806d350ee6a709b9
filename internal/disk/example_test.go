package disk_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/size"
)

// Make an image and look at it.
func Example() {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, name := context.Background(), filepath.Join(dir, "disk.qcow2")
	if err := disk.Create(ctx, name, disk.CreateOptions{Size: 10 << 30}); err != nil {
		log.Fatal(err)
	}
	info, err := disk.Describe(ctx, name, disk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Format, size.Format(info.VirtualSize))
	// Output: qcow2 10 GiB
}
