package tftp_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing/fstest"
	"time"

	"github.com/spurboot/spur/tftp"
)

// A server of a folder, for a while.
func ExampleServer_ListenAndServe() {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	server := &tftp.Server{Read: tftp.FS(os.DirFS("/srv/tftp"))}
	fmt.Println(server.ListenAndServe(ctx, "127.0.0.1:0")) // ":69" for real clients
	// Output: <nil>
}

// A server that tells what it did, and a client of it.
func Example() {
	server := &tftp.Server{Read: tftp.FS(fstest.MapFS{"hello.txt": {Data: []byte("hello, netboot\n")}})}
	server.Hooks.End = func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) {
		fmt.Println(t.Filename, s.Bytes, "bytes", reason)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, conn) }()

	client := &tftp.Client{BlockSize: 1428, WindowSize: 16}
	if _, err := client.Get(ctx, conn.LocalAddr().String(), "hello.txt", os.Stdout); err != nil {
		fmt.Println(err)
	}
	stop()
	if err := <-done; err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello, netboot
	// hello.txt 15 bytes completed
}

// Whoever wants to know whether a file is there, and how large, asks for its size.
func ExampleClient_Size() {
	server := &tftp.Server{Read: func(context.Context, *tftp.Request) (tftp.File, error) {
		return tftp.Bytes([]byte("made on demand")), nil
	}}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, conn) }()

	size, err := new(tftp.Client).Size(ctx, conn.LocalAddr().String(), "any name")
	fmt.Println(size, err)
	stop()
	<-done
	// Output: 14 <nil>
}
