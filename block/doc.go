// Package block is the contract between disks and what serves them: a Device is an
// array of bytes that is read, written, flushed, trimmed and zeroed.
//
// Packages iscsi, aoe, nbd and block/httpblock serve any Device. Devices are
// images in files (block/diskimage opens one of any format; block/raw, qcow2, vhd,
// vhdx and vmdk are the formats), memory (NewMemory), URLs (block/httpblock), what
// others serve (nbd.Dial), partitions (block/partition) and views of another
// device (ReadOnly, Section). Package block/blocktest holds a Device of your own
// to the contract.
//
//	disk := block.NewMemory(1 << 30) // of 1 GiB; or:
//
//	disk, err := raw.OpenFile("disk.img", raw.Options{})
//
// # Units and concurrency
//
// Offsets, lengths and sizes are in bytes, and need no alignment. All methods of a
// Device but Close may be called at the same time. Writes that are under way at
// the same time and overlap end in any order, sector by sector.
//
// # Durability
//
// A Write that returned is seen by every later Read. It survives a crash or a
// power loss only once a Flush that began after it has returned, or if it was
// made with FUA.
//
// # Errors
//
// Four errors are told apart because initiators do: ErrOutOfRange, ErrReadOnly,
// ErrNoSpace and ErrGone. Anything else is the medium's. They are wrapped, so ask
// by errors.Is. An operation that fails may have been done in part, never beyond
// its range.
package block
