// Package nbd serves disks by the Network Block Device protocol, and uses
// disks that others serve.
//
// The protocol is doc/proto.md of the NBD project. A Server speaks its fixed
// newstyle: a client negotiates options, in the clear or after STARTTLS,
// until it has chosen an export; then it sends commands, many at a time, and
// is answered in the order in which they are done.
//
// # Server
//
// Everything that the protocol has for a disk is there: simple, structured and
// extended (64 bit) replies, reads that leave out zeros, block status with
// base:allocation, flush, FUA, trim, write zeroes with NO_HOLE and FAST_ZERO,
// cache, lists, descriptions, block sizes, and TLS offered or required. The
// protocol has no notice of a new size: its RESIZE command is an experiment
// that no client sends. A device that changed is seen in its new size by the
// next connection, and by the commands of older ones.
//
// What a client can take is bounded (Bounds): connections, handshakes and their
// time, commands and bytes in flight. The memory of all connections has a bound
// as well, divided by share.Memory, which a command waits for while its payload
// waits in the socket. A client that doesn't read its replies, or doesn't send
// what it has announced, holds up its own connection only, and loses it after a
// while.
//
// # Client
//
// Dial gives a block.Device. Its commands are pipelined on one connection.
// Where a server takes whole blocks only, the client reads, changes and writes
// back the blocks that a write begins or ends in.
// A connection that breaks is over: every method then returns an error that
// wraps block.ErrGone.
package nbd
