package httpblock_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/httpblock"
)

// A disk in memory is served, and opened again by its URL.
func Example() {
	ctx := context.Background()
	disk := block.NewMemory(1 << 20)
	if err := disk.Write(ctx, []byte("hello"), 5000, 0); err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(httpblock.Handler(disk, httpblock.HandlerOptions{ETag: `"first"`}))
	defer server.Close()
	remote, err := httpblock.Open(ctx, server.URL, httpblock.Options{Client: server.Client()})
	if err != nil {
		log.Fatal(err)
	}
	defer remote.Close()
	p := make([]byte, 5)
	fmt.Println(remote.Read(ctx, p, 5000), string(p), remote.Size())
	// Output: <nil> hello 1048576
}
