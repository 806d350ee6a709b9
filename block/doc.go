// Package block is the contract between disks and the protocols that serve
// them: a Device is an array of bytes that is read, written, flushed, trimmed
// and zeroed. iSCSI, AoE, NBD and HTTP serve any Device; raw files, memory,
// URLs and qcow2 images are Devices, and so are views that change another one.
// Package blocktest is the contract as tests, which every Device passes.
//
// # Durability
//
// A Write that returned is seen by every later Read. It survives a crash or a
// power loss only once a Flush that began after it has returned, or if it was
// made with FUA. Writes that are under way at the same time and overlap end in
// any order, sector by sector.
//
// # Errors
//
// Four errors are told apart because initiators do: ErrOutOfRange, ErrReadOnly,
// ErrNoSpace and ErrGone. Anything else is the medium's. An operation that
// fails may have been done in part, never beyond its range.
package block
