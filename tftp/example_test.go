package tftp_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"testing/fstest"

	"github.com/spurboot/spur/tftp"
)

// A program that serves a folder.
func ExampleServer_ListenAndServe() {
	server := &tftp.Server{Read: tftp.FS(os.DirFS("/srv/tftp"))}
	server.Hooks.Start = func(t *tftp.Transfer) { log.Printf("%s fetches %s", t.Remote, t.Filename) }
	log.Fatal(server.ListenAndServe(context.Background(), ":69"))
}

func Example() {
	files := fstest.MapFS{"hello.txt": {Data: []byte("hello, netboot\n")}}
	server := &tftp.Server{Read: tftp.FS(files)}
	server.Hooks.End = func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) {
		fmt.Println(t.Filename, s.Bytes, "bytes", reason)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}) // ":69" for real clients
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
