package partition

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/spurboot/spur/block"
)

// mostLogical bounds the chain of logical partitions; Linux stops at 255 too.
const mostLogical = 255

// entry is one of the four of a master boot record, in sectors of 512 bytes.
type entry struct {
	active       bool
	kind         byte
	start, count uint64
}

func entries(sector []byte) (list [4]entry) {
	for i := range list {
		p := sector[446+16*i:]
		list[i] = entry{
			active: p[0] == 0x80,
			kind:   p[4],
			start:  uint64(binary.LittleEndian.Uint32(p[8:])),
			count:  uint64(binary.LittleEndian.Uint32(p[12:])),
		}
	}
	return list
}

func (e entry) extended() bool { return e.kind == 0x05 || e.kind == 0x0F || e.kind == 0x85 }

func (e entry) used() bool { return e.kind != 0 && e.count != 0 }

func (e entry) partition(number int, from uint64, size int64) (Partition, error) {
	p, err := part(number, from+e.start, e.count, 512, size)
	p.Type, p.Active = fmt.Sprintf("%02x", e.kind), e.active
	return p, err
}

func readMBR(ctx context.Context, d block.Device, first []byte) (Table, error) {
	table := Table{Scheme: MBR}
	list := entries(first)
	if !plausible(first) {
		return Table{}, ErrNoTable
	}
	for i, e := range list {
		if !e.used() {
			continue
		}
		p, err := e.partition(i+1, 0, d.Size())
		if err != nil {
			return Table{}, err
		}
		table.Partitions = append(table.Partitions, p)
	}
	for _, e := range list {
		if e.used() && e.extended() {
			logical, err := readLogical(ctx, d, e)
			table.Partitions = append(table.Partitions, logical...)
			return table, err // there is one at most
		}
	}
	return table, nil
}

// plausible tells a table from the boot sector of a file system, which ends in
// the same two bytes: its flags are 0 or 0x80.
func plausible(sector []byte) bool {
	for i := range 4 {
		if sector[446+16*i]&0x7F != 0 {
			return false
		}
	}
	return true
}

// readLogical follows the chain within an extended partition: each record has
// one partition, placed from the record, and the next record, placed from the
// extended partition.
func readLogical(ctx context.Context, d block.Device, extended entry) ([]Partition, error) {
	var found []Partition
	at, seen := uint64(0), map[uint64]bool{}
	for range mostLogical {
		if at >= extended.count || seen[at] {
			return found, fmt.Errorf("%w: the chain of logical partitions is broken at sector %d", ErrDamaged, extended.start+at)
		}
		seen[at] = true
		record := make([]byte, 512)
		if err := d.Read(ctx, record, int64(extended.start+at)*512); err != nil {
			return found, err
		}
		if record[510] != 0x55 || record[511] != 0xAA {
			return found, nil // an extended partition that has nothing yet
		}
		list := entries(record)
		if list[0].used() && !list[0].extended() {
			p, err := list[0].partition(5+len(found), extended.start+at, d.Size())
			if err != nil {
				return found, err
			}
			found = append(found, p)
		}
		if !list[1].used() || !list[1].extended() {
			return found, nil
		}
		at = list[1].start
	}
	return found, nil
}
