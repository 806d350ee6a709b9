// Package store keeps what has to survive a restart: small records such as
// leases.
//
// A [Store] holds buckets of records, each a key and a value whose encoding is
// the caller's. When Put, Delete or Apply returns nil, the change survives a crash;
// changes that belong together are one transaction, by Apply.
//
// Two implementations pass the same contract, in package storetest:
//
//   - [Open] keeps everything in one file of a folder, by bbolt. Changes that
//     are made at the same time share one write to the disk. Open reads the
//     whole file first, each page once, since bbolt trusts what it maps: a file
//     that was cut off or overwritten is refused, in time and memory that grow
//     with its length and nothing else.
//   - [Memory] forgets everything when the process ends.
package store
