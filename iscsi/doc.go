// Package iscsi serves disks by iSCSI (RFC 7143), to machines that boot from them
// and to those that only use them.
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
//		"github.com/spurboot/spur/iscsi"
//	)
//
//	func main() {
//		disk, err := raw.OpenFile("disk.img", raw.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Fatal(iscsi.ListenAndServe(context.Background(), ":3260", "iqn.2026-11.com.example:disk1", disk))
//	}
//
// Linux finds it by "iscsiadm -m discovery -t st -p 192.0.2.1" and uses it after
// "iscsiadm -m node -l"; to QEMU it is
// iscsi://192.0.2.1/iqn.2026-11.com.example:disk1/0, to iPXE
// iscsi:192.0.2.1::::iqn.2026-11.com.example:disk1. Package block/diskimage opens
// images of other formats, and any block.Device can be served.
//
// A [Server] has several [Target]s, and a Target several logical units, by their
// numbers. It can ask for CHAP, in one direction or in both, let in some initiators
// only, and tell what happens:
//
//	target := &iscsi.Target{
//		Name: "iqn.2026-11.com.example:disk1",
//		LUNs: map[uint64]*iscsi.LUN{
//			0: {Device: root, Serial: "0001"},
//			1: {Device: data, Serial: "0002", ReadOnly: true},
//		},
//		Auth: iscsi.Credentials{Name: "machine7", Secret: "twelve bytes at least"}.Static(),
//	}
//	server := &iscsi.Server{Targets: iscsi.Static(target)}
//	err := server.ListenAndServe(ctx, ":3260") // or server.Serve(ctx, listener)
//
// [Targets] is an interface, so that targets may come from a database.
//
// # What is there
//
// Login and text negotiation with all keys of RFC 7143 section 13; discovery;
// CHAP by MD5, SHA-1 or SHA-256; CRC32C header and data digests; immediate,
// unsolicited and solicited data; several connections per session with one order
// of commands; task management; pings of silent initiators. A second login of the
// same initiator port takes the place of the first. The commands of disks are those
// of package block/scsi. Ordered ones wait for those before them, simple ones run
// side by side.
//
// Error recovery is that of level 0: what can't be trusted, or a lost connection,
// ends the session, and the initiator logs in again.
//
// [Bounds] limit what initiators can take: sessions, logins under way, commands,
// memory and time. A command that finds no memory ends with BUSY, and the initiator
// sends it again.
package iscsi
