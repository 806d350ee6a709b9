// Package aoe serves disks by ATA over Ethernet (AoEr11, February 2009), and finds
// those that others serve. AoE has no connections and no IP addresses: a request is
// an Ethernet frame, and so is its answer. It runs on Linux, as root or with
// CAP_NET_RAW.
//
// # Serving a file
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/spurboot/spur/aoe"
//		"github.com/spurboot/spur/block/raw"
//	)
//
//	func main() {
//		disk, err := raw.OpenFile("disk.img", raw.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Fatal(aoe.ListenAndServe(context.Background(), "eth0", disk))
//	}
//
// A Linux machine on the same network uses it as /dev/etherd/e0.0 after "modprobe
// aoe", iPXE as aoe:e0.0. Package block/diskimage opens images of other formats,
// and any block.Device can be served.
//
// A Server serves several disks, each at an address of a shelf and a slot:
//
//	server := &aoe.Server{Targets: []*aoe.Target{
//		{Shelf: 1, Slot: 0, Device: root},
//		{Shelf: 1, Slot: 1, Device: scratch},
//	}}
//	err := server.ListenAndServe(ctx, "eth0")
//
// Hooks tell of each command. A slow disk holds up no other.
//
// # What initiators may ask
//
// IDENTIFY DEVICE, reads and writes with 28 and 48 bit addresses, FLUSH CACHE, READ
// VERIFY, DATA SET MANAGEMENT (trim),  power and features as far as drivers ask; the configuration string (section 3.2),
// the MAC mask list (3.3) and reservations (3.4).
//
// An initiator repeats what isn't answered in time. A repetition is dropped while
// the first request is being carried out, and commands that touch the same sectors
// are carried out in the order in which they came, so that a late repetition can't
// undo what was written after it. When the buffers, of which initiators are told
// the number, are full, frames are dropped; they come again.
//
// # What is durable
//
// FLUSH CACHE makes everything durable. Linux's initiator never sends it, so a
// target also flushes by itself: see Bounds.Dirty and Bounds.FlushEvery. Where
// that fails it is the next FLUSH CACHE's error, and after Bounds.Dirty bytes the
// writes' as well, until a flush succeeds.
package aoe
