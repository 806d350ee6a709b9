package raw_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

func Example() {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.img", os.Getpid()))
	if err := raw.Create(name, 1<<30); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(name)
	disk, err := raw.Open(name, raw.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()
	ctx := context.Background()
	err = disk.Write(ctx, []byte("hello"), 4096, block.FUA)
	if err != nil {
		log.Fatal(err)
	}
	p := make([]byte, 5)
	fmt.Println(disk.Read(ctx, p, 4096), string(p), disk.Size())
	// Output: <nil> hello 1073741824
}
