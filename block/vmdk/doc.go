// Package vmdk reads VMDK images (VMware Virtual Disk Format 5.0): a single sparse
// file (monolithicSparse), a compressed one (streamOptimized, as in an OVA), or a
// descriptor of several flat and sparse files.
//
//	file, err := block.OpenFile("disk.vmdk", block.FileOptions{ReadOnly: true})
//	if err != nil {
//		return err
//	}
//	disk, err := vmdk.Open(ctx, file, vmdk.Options{})
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
// A descriptor names its files, and perhaps a parent. The names are followed by
// nobody but the caller, whose Options.Extent and Options.Parent get them as they
// are in the image and open what they think fit. Package diskimage has rules for
// that.
package vmdk
