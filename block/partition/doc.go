// Package partition finds the partitions of a block.Device and shows one of them
// as a device.
//
//	table, err := partition.Read(ctx, disk)
//	if err != nil {
//		return err
//	}
//	for _, p := range table.Partitions {
//		fmt.Println(p.Number, p.Offset, p.Size, p.Type, p.Name)
//	}
//	first, err := partition.Open(ctx, disk, 1) // closing it closes the disk
//
// Offsets and sizes are in bytes. It reads GUID partition tables (UEFI 2.10
// section 5.3), the second copy where the first is damaged, and master boot
// records with their chain of logical partitions. What a table says is checked
// before it is believed: entries lie on the disk, a chain ends, counts are bounded.
// A disk without a table is ErrNoTable, one that can't be believed ErrDamaged.
package partition
