// Package qcow2 reads and writes disk images in QEMU's qcow2 format, versions 2
// and 3, as a block.Device.
//
//	file, err := block.OpenFile("disk.qcow2", block.FileOptions{New: true})
//	if err != nil {
//		return err
//	}
//	if err := qcow2.Create(file, qcow2.CreateOptions{Size: 10 << 30}); err != nil {
//		return errors.Join(err, file.Close())
//	}
//	disk, err := qcow2.Open(ctx, file, qcow2.Options{}) // or of an image that exists
//	if err != nil {
//		return errors.Join(err, file.Close())
//	}
//	defer disk.Close() // closes the file
//	err = errors.Join(disk.Write(ctx, []byte("hello"), 4096, 0), disk.Flush(ctx))
//
// Offsets and sizes are in bytes; a disk has a multiple of 512. All methods of an
// Image but Close may be called at the same time. Check, Commit, Rebase and Resize
// make the others wait.
//
// # Overlays
//
// What an image doesn't have is read from its backing image. The name of that is
// in the image, and may be anyone's, so it is followed only where Options has an
// Opener, which says what is opened. Options.Backing puts a device in its place,
// so that many overlays share one. Package diskimage has an Opener for files
// beside the image.
//
// With extended L2 entries, which Create gives to overlays, the first write to a
// place of an overlay copies 4 KiB and not 64.
//
// # Crashes
//
// A crash or a loss of power at any moment leaves an image whose flushed bytes are
// all there, and that leaks clusters at most; Check finds these and gives them
// back. A flush takes no space: that was taken before the writes were answered for.
//
// What was written and not flushed is lost when the process is killed, because the
// tables that lead to it are in memory. With a Journal it is not: the next Open
// plays that back.
//
// # Errors
//
// Errors wrap ErrFormat, ErrUnsupported, ErrCorrupt or ErrMarked where an image is
// the reason, ErrUnplayed, ErrNoJournal or ErrOtherSession where its journal is,
// and those of package block. Encryption, external data files, and incompatible
// features that are not known are ErrUnsupported. Numbers in a file are trusted for
// nothing: each is checked against the file's size and the limits that QEMU keeps.
// An image that is found to be corrupt while it is written is marked so, and then
// only read.
package qcow2
