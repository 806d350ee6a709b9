// Package partition finds the partitions of a block.Device and shows one of
// them as a device.
//
// It reads GUID partition tables (UEFI 2.10 section 5.3), the second copy where
// the first is damaged, and master boot records with their chain of logical
// partitions. What a table says is checked before it is believed: entries lie on
// the disk, a chain ends, counts are bounded.
package partition
