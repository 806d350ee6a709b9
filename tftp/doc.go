// Package tftp is a TFTP server and client for Linux, made for network boot:
// many small machines with peculiar firmware that want one file each, quickly.
//
// It speaks RFC 1350 (the protocol, octet and netascii), RFC 2347 (options),
// RFC 2348 (blksize, 8 to 65464 bytes), RFC 2349 (timeout and tsize) and
// RFC 7440 (windowsize). Block numbers roll over to 0, so files have no size
// limit.
//
// # Serving a folder
//
//	package main
//
//	import (
//		"context"
//		"log"
//		"os"
//
//		"github.com/spurboot/spur/tftp"
//	)
//
//	func main() {
//		server := &tftp.Server{Read: tftp.FS(os.DirFS("/srv/tftp"))}
//		log.Fatal(server.ListenAndServe(context.Background(), ":69"))
//	}
//
// A [Server] asks its Read function for the [File] of each read request; [FS]
// makes such a function of any [fs.FS], [Bytes] makes a file of bytes. Without a
// Write function write requests are refused with ERROR 2, access violation.
// [Hooks] tell of each transfer's start, progress and end.
//
// Each transfer has a port of its own, as RFC 1350 section 4 has it, on the
// address that the client asked. Server.SinglePort sends everything from the
// server's port instead, for firewalls and NAT that let only that one pass.
//
// Machines that fetch the same file of the host at the same time read it once
// between them.
//
// # Fetching and sending
//
//	package main
//
//	import (
//		"context"
//		"log"
//		"os"
//
//		"github.com/spurboot/spur/tftp"
//	)
//
//	func main() {
//		client := &tftp.Client{BlockSize: 1428, WindowSize: 16}
//		if _, err := client.Get(context.Background(), "192.0.2.1", "boot.ipxe", os.Stdout); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// [Client.Put] sends a file, [Client.Size] asks for the size of one.
//
// # Loss and forged requests
//
// What is not acknowledged is sent again after Server.Timeout, or sooner on a
// link that is known to be quick; files get through where three of ten packets
// are lost in each direction. After Server.Retries retransmissions without an
// answer a transfer is given up. Over IPv6 the first packet is sent again after
// 0.2 s, since edk2 listens for it a little after it has asked.
//
// The source of a request may be forged, so an address that has acknowledged
// nothing is sent two packets of a file, or three small ones, and no more unless
// it asks again. No address has more than its share of the transfers, and where
// no place is left, one whose client hasn't shown that it is there gives way.
package tftp
