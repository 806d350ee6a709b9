// Package rawdisk reads images of disks, whatever their format, as the bytes that are on
// the disks: raw ones and those that package diskimage knows as they lie, compressed
// ones from a copy.
//
// Machines ask for the size of a disk before they ask for it, for parts of it in any
// order, and again for what was lost. A compressed image has none of that. So it is
// unpacked once, one image after the other, into a file without a name, which goes with the
// process: who opens it waits for that (Images), or comes again (Ready, Run).
package rawdisk
