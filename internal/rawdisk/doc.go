// Package rawdisk reads images of disks, whatever their format, as the bytes that are on
// the disks: raw ones and those that package diskimage knows as they lie, compressed
// ones from a copy.
//
// Machines ask for the size of a disk before they ask for it, for parts of it in any
// order, and again for what was lost. A compressed image has none of that. So it is
// unpacked once, into a file without a name, which goes with the process: who opens it waits
// for that (Images), or comes again (Ready, Run). Some images are unpacked side by side, one
// piece of each after the other, so that one that is large without end, or whose server
// stalls, doesn't hold up those behind it.
package rawdisk
