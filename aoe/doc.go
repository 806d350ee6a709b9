// Package aoe serves disks by ATA over Ethernet, as AoEr11 (February 2009) has
// it: no connections, no IP; a request is an Ethernet frame, and so is its
// answer.
//
// A Target is a disk with an address of a shelf and a slot. A Server has many
// targets on a Link, which is an Ethernet interface. Each target is asked
// by itself: a slow one holds up no other.
//
// # Commands
//
// ATA (section 3.1): IDENTIFY DEVICE, reads and writes with 28 and 48 bit
// addresses, FLUSH CACHE, READ VERIFY, DATA SET MANAGEMENT (trim), the SMART
// commands that disks are watched by, power and features as far as drivers ask.
// Query Config Information (3.2), all five ways. MAC Mask List (3.3) and
// Reserve/Release (3.4).
//
// # Lost and repeated frames
//
// An initiator repeats what isn't answered in time. A repetition that comes
// while the first is being worked on is dropped. A target works on several
// commands at once, but those that touch the same sectors in the order in which
// they came, so that a late repetition can't undo what was written after it.
// Reads, or writes, of neighbouring sectors that come together are done as one,
// and writes that come together are carried out before any of them is answered.
// When its buffers, of which initiators are told the number, are full, it drops
// frames; they come again.
//
// # What is durable
//
// FLUSH CACHE makes everything durable. Linux's initiator never sends it, so a
// target also flushes by itself: see Bounds.Dirty and Bounds.FlushEvery. Where
// that fails it is the next FLUSH CACHE's error, and after Bounds.Dirty bytes the
// writes' as well, until a flush succeeds. An asynchronous write (the A flag) is
// answered before it is made; its error is the next FLUSH CACHE's.
package aoe
