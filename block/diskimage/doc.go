// Package diskimage opens a disk image of any format that this module reads: raw,
// qcow2, VHD, VHDX and VMDK. It knows the format by the file's contents.
//
// # Serving an image
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/spurboot/spur/block/diskimage"
//		"github.com/spurboot/spur/nbd"
//	)
//
//	func main() {
//		disk, err := diskimage.OpenFile(context.Background(), "disk.qcow2", diskimage.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Fatal(nbd.ListenAndServe(context.Background(), ":10809", disk))
//	}
//
// What is opened is a block.Device, which packages nbd, iscsi, aoe and httpblock
// serve. Open takes a file that is open already, or is no file of this host.
// Offsets and sizes are in bytes. All methods of an Image but Close may be called
// at the same time.
//
// # Other files
//
// An image can name others: a backing file, a parent, the files of which it
// consists. Whoever wrote to the image chose these names, and what is opened by
// them is read to whoever reads the disk. So none is opened but by the caller's
// Opener, which sees each name before. Beside is one for files in the image's own
// folder, and what OpenFile takes by itself.
//
// # Raw disks
//
// A raw disk has no mark: whatever isn't known otherwise may be one. To read it as
// one is harmless. To write to it is not, where its contents come from somebody
// who isn't trusted, a virtual machine say: it could write the header of an image
// that names another file, and would be given that file when the disk is opened
// next. So a file isn't taken for raw and opened for writing unless Options.Format
// says that it is one, or Options.Guess that no such header may be written to it.
//
// # Errors
//
// UnreadableError, UnwritableError, ErrUnknownFormat, and for names ErrNotFile and
// ErrOutside, are this package's own. Else errors are those of the format's
// package, such as qcow2.ErrCorrupt and imagemap.ErrDamaged.
package diskimage
