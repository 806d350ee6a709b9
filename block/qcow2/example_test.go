package qcow2_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
)

// An overlay over a shared base: what is written is in the overlay, and the
// base stays as it is.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "machine.qcow2")
	file, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		log.Fatal(err)
	}
	base := block.NewMemory(1 << 30)
	err = qcow2.Create(file, qcow2.CreateOptions{Size: base.Size(), BackingName: "base.raw", BackingFormat: qcow2.FormatRaw})
	if err != nil {
		log.Fatal(err)
	}
	disk, err := qcow2.Open(ctx, file, qcow2.Options{Backing: base})
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()
	if err := disk.Write(ctx, []byte("hello"), 1<<20, block.FUA); err != nil {
		log.Fatal(err)
	}
	report, err := disk.Check(ctx, false)
	fmt.Println(disk.Size(), disk.Caps().BlockSize, report.Allocated, report.Errors, err)
	// Output: 1073741824 4096 1 0 <nil>
}
