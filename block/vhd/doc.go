// Package vhd reads VHD images (Virtual Hard Disk Image Format Specification 1.0),
// as Virtual PC, Hyper-V, VirtualBox, Azure and QEMU make them: fixed, dynamic and
// differencing ones.
//
//	file, err := block.OpenFile("disk.vhd", block.FileOptions{ReadOnly: true})
//	if err != nil {
//		return err
//	}
//	disk, err := vhd.Open(ctx, file, vhd.Options{})
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
// A differencing image names its parent. The name is followed by nobody but the
// caller, whose Options.Parent gets it as a hint and opens what it thinks fit.
// Package diskimage has rules for that.
//
// QEMU and Virtual PC mean the size that the geometry says, everybody else the
// size in the footer; this package does as QEMU does.
package vhd
