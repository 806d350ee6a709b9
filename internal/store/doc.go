// Package store keeps what has to survive a restart: small records such as
// leases.
//
// A [Store] holds records by key; keys that belong together begin alike, and
// values are encoded by the caller. [Store.Apply] makes changes that belong
// together one transaction, on conditions if need be: compare and swap. When it
// returns nil they survive a crash. A record may have a time to live, and
// [Store.Watch] tells what changes. It is no more than a cluster such as etcd
// can promise as well.
//
// Two implementations pass the same contract, in package storetest:
//
//   - [Open] keeps everything in one file of a folder, by bbolt, and in memory.
//     Changes that are made at the same time share one write to the disk. A file
//     that was cut off or overwritten is refused.
//   - [Memory] forgets everything when the process ends.
package store
