package partition

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// Scheme is the kind of a partition table.
type Scheme string

// The schemes.
const (
	MBR Scheme = "mbr"
	GPT Scheme = "gpt"
)

// Partition is a part of a disk.
type Partition struct {
	// Number is what operating systems count it as, from 1; logical
	// partitions of a master boot record are counted from 5.
	Number int
	// Offset and Size are in bytes.
	Offset, Size int64
	// Type is two hex digits in a master boot record, a GUID in a GPT.
	Type string
	// ID and Name are those of a GPT.
	ID, Name string
	// Active is the boot flag of a master boot record, or the attribute
	// "legacy BIOS bootable" of a GPT.
	Active bool
}

// Table is what is on a disk, in the order of the numbers.
type Table struct {
	Scheme     Scheme
	Partitions []Partition
}

// ErrNoTable is that a disk has no partition table.
var ErrNoTable = errors.New("no partition table")

// ErrDamaged is that a partition table is not one that can be believed.
var ErrDamaged = errors.New("damaged partition table")

// Read reads the partition table of a disk whose sectors, those that the table
// counts in, are of 512 or 4096 bytes.
func Read(ctx context.Context, d block.Device) (Table, error) {
	first := make([]byte, 512)
	if d.Size() < int64(len(first)) {
		return Table{}, ErrNoTable
	}
	if err := d.Read(ctx, first, 0); err != nil {
		return Table{}, err
	}
	if first[510] != 0x55 || first[511] != 0xAA {
		return Table{}, ErrNoTable
	}
	table, err := readGPT(ctx, d)
	if !errors.Is(err, ErrNoTable) {
		return table, err
	}
	return readMBR(ctx, d, first)
}

// Open returns partition n of a disk. Closing it closes the disk.
func Open(ctx context.Context, d block.Device, n int) (block.Device, error) {
	table, err := Read(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, p := range table.Partitions {
		if p.Number == n {
			return block.Section(d, p.Offset, p.Size)
		}
	}
	return nil, fmt.Errorf("no partition %d; the disk has %s", n, table.numbers())
}

func (t Table) numbers() string {
	if len(t.Partitions) == 0 {
		return "none"
	}
	text := ""
	for i, p := range t.Partitions {
		if i == 8 {
			return text + " and more"
		}
		text += fmt.Sprintf(" %d", p.Number)
	}
	return text[1:]
}

// part makes a partition of numbers in sectors, if it is on the disk.
func part(number int, start, count uint64, sector, size int64) (Partition, error) {
	most := uint64(size / sector)
	if count == 0 || start > most || count > most-start {
		return Partition{}, fmt.Errorf("%w: partition %d has %d sectors from %d on a disk of %d", ErrDamaged, number, count, start, most)
	}
	return Partition{Number: number, Offset: int64(start) * sector, Size: int64(count) * sector}, nil
}
