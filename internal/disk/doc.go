// Package disk opens images of disks, and makes, checks, converts and describes
// them.
//
// Open gives a qcow2 image its journal (journal.go), and leaves the rest to package
// diskimage. A backing file is opened only where it may be (backing.go): in the
// folder of the image, or in one that the caller allows, because whoever writes to
// an image can write any name into it. An overlay is an image whose backing file was named
// by the caller (overlay.go), so it alone may lie anywhere.
//
// A Pool keeps images open for their users (pool.go): each is opened once, however
// many use it, and closed when nobody does.
//
// Errors say what to do about them (advice.go). Disk.Identity tells a disk from
// every other (identity.go).
package disk
