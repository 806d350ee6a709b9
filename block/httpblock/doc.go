// Package httpblock brings disks over HTTP: Open makes a read-only block.Device
// of a URL, Handler makes an http.Handler of any block.Device.
//
// # Serving a file
//
//	package main
//
//	import (
//		"log"
//		"net/http"
//
//		"github.com/spurboot/spur/block/httpblock"
//		"github.com/spurboot/spur/block/raw"
//	)
//
//	func main() {
//		disk, err := raw.OpenFile("disk.img", raw.Options{ReadOnly: true})
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Fatal(http.ListenAndServe(":8080", httpblock.Handler(disk, httpblock.HandlerOptions{})))
//	}
//
// # Using a disk
//
//	disk, err := httpblock.Open(ctx, "https://example.org/disk.img", httpblock.Options{})
//	if err != nil {
//		return err
//	}
//	defer disk.Close()
//
// A file that is an image, a qcow2 say, is opened by block/diskimage on
// block.FileOf(ctx, disk). Offsets and sizes are in bytes. All methods of a Device
// but Close, and the handler, may be used at the same time. Open tells ErrNoRanges
// and ErrNoValidator apart; a file that was changed or removed is ErrChanged or
// block.ErrGone.
//
// # The device
//
// It reads by ranges (RFC 9110 section 14), in chunks that it keeps in a
// bounded cache. A chunk that several readers want is fetched once. Where a
// reader goes on from one chunk to the next, those ahead are fetched meanwhile.
//
// The file must stay as it was when it was opened. That is made sure of by its
// strong ETag (If-Match), or else by its length and Last-Modified
// (If-Unmodified-Since); every answer is compared as well. Once the file was
// seen to have changed, every read fails with ErrChanged, also of what is in the
// cache: no reader gets old and new bytes. A server that has no ranges, or
// nothing to know a file again by, is refused when it is opened.
//
// # The handler
//
// It answers GET and HEAD, with ranges and conditions, and changes nothing. With
// an ETag clients can tell that a disk was changed; it is the caller who knows.
package httpblock
