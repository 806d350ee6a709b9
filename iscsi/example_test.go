package iscsi_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/iscsi"
)

// A program that serves a file.
func ExampleListenAndServe() {
	disk, err := raw.OpenFile("disk.img", raw.Options{})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(iscsi.ListenAndServe(context.Background(), ":3260", "iqn.2026-11.com.example:disk1", disk))
}

// A server tells that somebody came who doesn't speak iSCSI.
func Example() {
	target := &iscsi.Target{
		Name: "iqn.2026-11.com.example:disk1",
		LUNs: map[uint64]*iscsi.LUN{0: {Device: block.NewMemory(1 << 30)}},
		Auth: iscsi.Credentials{Name: "machine7", Secret: "twelve bytes at least"}.Static(),
	}
	server := &iscsi.Server{Targets: iscsi.Static(target)}
	refused := make(chan error)
	server.Hooks.LoginRefused = func(_ net.Addr, _, _ string, err error) { refused <- err }

	listener, err := net.Listen("tcp", "127.0.0.1:0") // ":3260" for real initiators
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- server.Serve(ctx, listener) }()

	stranger, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(stranger, "GET / HTTP/1.1\r\nHost: disks.example.com\r\nAccept: */*\r\n\r\n")
	fmt.Println(<-refused)
	stranger.Close()
	stop()
	fmt.Println(<-stopped)
	// Output:
	// data segment of 2115668 bytes where at most 8192 were agreed
	// <nil>
}
