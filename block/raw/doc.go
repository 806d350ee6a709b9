// Package raw is a block.Device over a file, or block device, byte by byte: the
// raw format of other programs.
//
// The file is sparse: what is trimmed or zeroed becomes a hole, and holes are
// reported as extents. A write with FUA costs one system call (RWF_DSYNC). A
// file that is open for writing is locked the way QEMU's programs do, so that
// neither they nor a second of us can write to it too.
package raw
