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
	ctx := context.Background()
	name := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.img", os.Getpid()))
	file, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(name)
	if err := raw.Create(file, raw.CreateOptions{Size: 1 << 30}); err != nil {
		log.Fatal(err)
	}
	disk, err := raw.Open(ctx, file, raw.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()
	if err := disk.Write(ctx, []byte("hello"), 4096, block.FUA); err != nil {
		log.Fatal(err)
	}
	p := make([]byte, 5)
	err = disk.Read(ctx, p, 4096)
	fmt.Println(disk.Size(), string(p), err)
	// Output: 1073741824 hello <nil>
}
