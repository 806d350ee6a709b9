package nbd_test

import (
	"context"
	"log"
	"net"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/nbd"
)

// Serve a disk, use it, and stop.
func Example() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &nbd.Server{Exports: nbd.Fixed{{Name: "scratch", Device: block.NewMemory(1 << 30)}}}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- server.Serve(ctx, listener) }()

	disk, err := nbd.Dial(ctx, "tcp", listener.Addr().String(), nbd.Options{Export: "scratch"})
	if err != nil {
		log.Fatal(err)
	}
	if err := disk.Write(ctx, []byte("hello"), 4096, block.FUA); err != nil {
		log.Fatal(err)
	}
	disk.Close()

	stop()
	if err := <-stopped; err != nil {
		log.Fatal(err)
	}
	// Output:
}
