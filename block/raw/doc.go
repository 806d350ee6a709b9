// Package raw opens a file, or a block device, as a block.Device that has its bytes
// as they are: the raw format of other programs.
//
//	file, err := block.OpenFile("disk.img", block.FileOptions{}) // locks it
//	if err != nil {
//		return err
//	}
//	disk, err := raw.Open(ctx, file, raw.Options{})
//	if err != nil {
//		return errors.Join(err, file.Close())
//	}
//	defer disk.Close() // closes the file
//	err = disk.Write(ctx, []byte("hello"), 4096, block.FUA)
//
// Offsets and sizes are in bytes. All methods of a Device but Close may be called
// at the same time, also on ranges that overlap. Errors wrap block.ErrOutOfRange,
// ErrReadOnly or ErrNoSpace where it is that; others are the system's.
//
// The file is sparse: what is trimmed or zeroed becomes a hole, and holes are
// reported as extents. A write with FUA costs one system call (RWF_DSYNC).
//
// A raw file has no mark. Where its contents come from somebody who isn't trusted,
// other programs have to be told that it is raw: one that looks at the contents
// can be made to take it for something else.
package raw
