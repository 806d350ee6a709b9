// Package nbd serves disks by the Network Block Device protocol (doc/proto.md of
// the NBD project), and uses disks that others serve.
//
// # Serving a file
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/spurboot/spur/block/raw"
//		"github.com/spurboot/spur/nbd"
//	)
//
//	func main() {
//		disk, err := raw.OpenFile("disk.img", raw.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Fatal(nbd.ListenAndServe(context.Background(), ":10809", disk))
//	}
//
// A Linux machine uses it after "nbd-client 192.0.2.1 /dev/nbd0", QEMU as
// nbd://192.0.2.1. Package block/diskimage opens images of other formats, and any
// block.Device can be served.
//
// A Server serves several disks under names, read-only or to some clients only, on
// Unix sockets, or with TLS:
//
//	server := &nbd.Server{
//		Exports: nbd.Fixed{
//			{Name: "root", Device: root, ReadOnly: true},
//			{Name: "scratch", Device: scratch},
//		},
//		TLS:        config,
//		RequireTLS: true,
//	}
//	err := server.ListenAndServe(ctx, ":10809") // or server.Serve(ctx, listener)
//
// Exports is an interface: it may make a disk when a client asks for it. Hooks
// tell of each connection and command.
//
// # Using a disk
//
//	disk, err := nbd.Dial(ctx, "tcp", "192.0.2.1:10809", nbd.Options{Export: "scratch"})
//	if err != nil {
//		return err
//	}
//	defer disk.Close()
//	p := make([]byte, 512)
//	err = disk.Read(ctx, p, 4096)
//
// A Client is a block.Device. Its methods may be called at the same time; their
// commands are on their way side by side. It takes any offset and length also
// where the server takes whole blocks only: the blocks that a write begins or ends
// in are read first. When the connection breaks every method returns an error that
// wraps block.ErrGone; dial again then.
//
// # What a server does for its clients
//
// Commands are answered in the order in which they are done. Clients may have
// simple, structured and extended (64 bit) replies, reads that leave out zeros,
// block status with base:allocation, flush, FUA, trim, write zeroes with NO_HOLE
// and FAST_ZERO, cache, lists of exports with descriptions, and block sizes. A
// device that has grown is seen in its new size by the next connection, and by the
// commands of older ones: the protocol has no notice of it that clients know.
//
// What a client can take of the server is limited by Bounds: connections, time for
// the handshake, commands and memory. A client that doesn't read its replies, or
// doesn't send what it has announced, holds up its own connection only, and loses
// it after a while.
package nbd
