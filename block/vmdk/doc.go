// Package vmdk reads VMDK images (VMware Virtual Disk Format 5.0): a single
// sparse file (monolithicSparse), a compressed one (streamOptimized, as in an
// OVA), or a descriptor of several flat and sparse files.
//
// A descriptor names its files, and perhaps a parent. The names are followed by
// nobody but the caller, whose Options.Extent and Options.Parent get them as
// they are in the image and open what they think fit.
package vmdk
