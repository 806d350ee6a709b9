// Package vhdx reads VHDX images (MS-VHDX 8.0), as Hyper-V and QEMU make them:
// fixed, dynamic and differencing ones.
//
//	file, err := block.OpenFile("disk.vhdx", block.FileOptions{ReadOnly: true})
//	if err != nil {
//		return err
//	}
//	disk, err := vhdx.Open(ctx, file, vhdx.Options{})
//	if err != nil {
//		return errors.Join(err, file.Close())
//	}
//	defer disk.Close() // closes the file
//
// The disk is a block.Device that refuses every change. Offsets and sizes are in
// bytes; all methods but Close may be called at the same time. An image that
// contradicts itself is an error that wraps imagemap.ErrDamaged, when it is opened
// or read.
//
// An image that was not closed has changes in its log. They are played back in
// memory; the file stays as it is, so that whoever writes to it next finds it as
// it was left. A log that can't be played back is ErrLog.
//
// A differencing image names its parent. The names are followed by nobody but the
// caller, whose Options.Parent gets them as hints and opens what it thinks fit.
// Package diskimage has rules for that.
package vhdx
