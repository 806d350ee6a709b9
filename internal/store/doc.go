// Package store keeps what has to survive a restart: secrets and small records
// such as leases.
//
// A [Store] holds secrets, each created at random when it is first asked for,
// and buckets of records, each a key and a value whose encoding is the
// caller's. When Put or Delete returns nil, the change survives a crash.
//
// Two implementations pass the same contract, in package storetest:
//
//   - [Open] keeps everything in one file of a folder, by bbolt. Changes that
//     are made at the same time share one write to the disk. A file that was
//     cut off or overwritten is refused.
//   - [Memory] forgets everything when the process ends.
package store
