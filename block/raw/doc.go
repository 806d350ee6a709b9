// Package raw opens a file, or a block device, as a block.Device that has its bytes
// as they are: the raw format of other programs.
//
//	disk, err := raw.OpenFile("disk.img", raw.Options{}) // locks the file
//	if err != nil {
//		return err
//	}
//	defer disk.Close()
//	err = disk.Write(ctx, []byte("hello"), 4096, block.FUA)
//
// Open does that with a file that is open already, or is no file of this host.
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
