package nbd_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/nbd"
)

// A program that serves a file.
func ExampleListenAndServe() {
	disk, err := raw.OpenFile("disk.img", raw.Options{})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(nbd.ListenAndServe(context.Background(), ":10809", disk))
}

// A disk is served, written to, read and given back.
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
	p := make([]byte, 5)
	err = disk.Read(ctx, p, 4096)
	fmt.Println(disk.Size(), string(p), err)
	disk.Close()

	stop()
	fmt.Println(<-stopped)
	// Output:
	// 1073741824 hello <nil>
	// <nil>
}
