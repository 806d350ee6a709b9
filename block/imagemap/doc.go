// Package imagemap makes a read-only block.Device of an image file and a function
// that says where each piece of the disk lies: in the file, nowhere because it is
// zero, or in a parent image. It is for who writes a reader of a format; those of
// VHD, VHDX and VMDK are such functions. Who only reads images wants their
// packages, or diskimage.
//
//	lookup := func(_ context.Context, off, n int64) (imagemap.Piece, error) {
//		return imagemap.Piece{Where: imagemap.InFile, Offset: headerSize + off, Length: n}, nil
//	}
//	disk := imagemap.New(imagemap.Config{Size: size, File: file, Lookup: lookup})
//
// Offsets and sizes are in bytes. The package sees to it that ranges are checked,
// that nothing beyond the file is taken for data, and that extents cover what was
// asked for; an image by which that can't be is ErrDamaged. All methods of a Device
// but Close may be called at the same time, and so is the function.
package imagemap
