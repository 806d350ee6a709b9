// Package qcow2 reads and writes disk images in QEMU's qcow2 format, versions 2
// and 3, as a block.Device (docs/interop/qcow2.txt in QEMU's source is the
// specification; sections named in comments are its).
//
// # What an image is
//
// A header, and clusters. The L1 table names L2 tables, these name the cluster
// of the file, the host cluster, in which each cluster of the disk, the guest
// cluster, is kept (package files mapping.go, entry.go, table.go). Reference
// counts say which host clusters are in use (refcount.go, alloc.go). What an
// image doesn't have is read from its backing image, which is followed only
// where the caller passes an Opener (backing.go). With extended L2 entries each
// cluster has 32 subclusters, so that the first write to a place of an overlay
// copies 4 KiB and not 64.
//
// # Order
//
// Data are written to the file at once. Tables are changed in memory and reach
// the file in Flush, or when too many have changed, in this order, with a Sync
// of the file between one step and the next: data, new tables and reference
// counts; the refcount table; entries of L2 and L1 (flush.go). A cluster that
// nothing refers to any more is used again only after the file says so, too,
// and after every operation that might still see it has ended. So a crash or a
// loss of power at any write leaves an image whose flushed bytes are all there,
// and that leaks clusters at most; Check finds these and gives them back. With
// lazy reference counts these are written by Close only, a bit in the header
// says so, and Open counts anew when it finds it set.
//
// # A process that is killed
//
// What was written to a file outlives its writer, but tables in memory don't.
// Clients of a server know nothing of that: to them the disk's cache outlives a
// connection. With a Journal each change of an entry is noted in a file of its
// own before the write that made it is answered for, without a Sync, and Open
// plays the notes back (journal.go, replay.go). Image and journal name a session
// that they have in common, which QEMU ends when it opens the image for writing,
// so that old notes never come back over newer data (session.go). Where a note
// can't be written, the image is flushed instead. After a loss of power notes are
// void, and all is as without a journal.
//
// # Space
//
// What a flush writes has its space before a write is answered for, so that
// neither a flush nor an Open runs out of it. Clusters that were given up and not
// freed yet are bounded in bytes, and freed before a write fails for want of
// space.
//
// # Concurrency
//
// Reads, and writes to places that are allocated, hold no lock while they do
// I/O. A write that allocates claims its guest clusters (claim.go); only what
// touches the same clusters waits for it. Tables are kept in a cache of bounded
// size.
//
// # What is refused
//
// Encryption, external data files, and incompatible features that are not
// known. Numbers in a file are trusted for nothing: each is checked against the
// file's size and the limits that QEMU keeps. Where the header and tables are,
// those of snapshots too, no data are ever written, whatever a damaged count or
// entry says: the write fails, and the image is marked as corrupt.
package qcow2
