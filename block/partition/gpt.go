package partition

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"unicode/utf16"

	"github.com/spurboot/spur/block"
)

// What a table may have at most: 1024 entries, and 1 MiB of them. Every tool
// makes 128 entries of 128 bytes.
const (
	mostEntries = 1024
	mostBytes   = 1 << 20
)

const legacyBootable = 1 << 2 // UEFI 2.10 table 5.8

func readGPT(ctx context.Context, d block.Device) (Table, error) {
	damaged := ErrNoTable
	for _, sector := range []int64{512, 4096} {
		for _, at := range []int64{sector, (d.Size()/sector - 1) * sector} {
			table, err := readHeader(ctx, d, at, sector)
			if err == nil {
				return table, nil
			}
			if !errors.Is(err, ErrNoTable) && errors.Is(damaged, ErrNoTable) {
				damaged = err
			}
		}
	}
	return Table{}, damaged
}

// header is what is needed of a header (UEFI 2.10 table 5.5).
type header struct {
	entries, count, size uint64
	crc                  uint32
	first, last          uint64 // usable blocks
}

func readHeader(ctx context.Context, d block.Device, at, sector int64) (Table, error) {
	raw := make([]byte, 512)
	if block.CheckRange(at, sector, d.Size()) != nil {
		return Table{}, ErrNoTable
	}
	if err := d.Read(ctx, raw, at); err != nil {
		return Table{}, err
	}
	h, err := parseHeader(raw, uint64(at/sector))
	if err != nil {
		return Table{}, err
	}
	if h.entries > uint64(d.Size()/sector) {
		return Table{}, fmt.Errorf("%w: its entries are beyond the disk", ErrDamaged)
	}
	list := make([]byte, h.count*h.size)
	if block.CheckRange(int64(h.entries)*sector, int64(len(list)), d.Size()) != nil {
		return Table{}, fmt.Errorf("%w: its entries are beyond the disk", ErrDamaged)
	}
	if err := d.Read(ctx, list, int64(h.entries)*sector); err != nil {
		return Table{}, err
	}
	if crc32.ChecksumIEEE(list) != h.crc {
		return Table{}, fmt.Errorf("%w: the checksum of its entries is wrong", ErrDamaged)
	}
	return parseEntries(list, h, sector, d.Size())
}

func parseHeader(raw []byte, at uint64) (header, error) {
	le := binary.LittleEndian
	if string(raw[:8]) != "EFI PART" {
		return header{}, ErrNoTable
	}
	length := le.Uint32(raw[12:])
	if length < 92 || int64(length) > int64(len(raw)) {
		return header{}, fmt.Errorf("%w: a header of %d bytes", ErrDamaged, length)
	}
	sum := le.Uint32(raw[16:])
	clean := append([]byte(nil), raw[:length]...)
	clear(clean[16:20])
	if crc32.ChecksumIEEE(clean) != sum || le.Uint64(raw[24:]) != at {
		return header{}, fmt.Errorf("%w: the checksum or place of its header is wrong", ErrDamaged)
	}
	h := header{
		first: le.Uint64(raw[40:]), last: le.Uint64(raw[48:]),
		entries: le.Uint64(raw[72:]), count: uint64(le.Uint32(raw[80:])), size: uint64(le.Uint32(raw[84:])),
		crc: le.Uint32(raw[88:]),
	}
	if h.size < 128 || h.size%128 != 0 || h.count > mostEntries || h.count*h.size > mostBytes {
		return header{}, fmt.Errorf("%w: %d entries of %d bytes", ErrDamaged, h.count, h.size)
	}
	return h, nil
}

func parseEntries(list []byte, h header, sector, size int64) (Table, error) {
	le := binary.LittleEndian
	table := Table{Scheme: GPT}
	for i := range h.count {
		e := list[i*h.size:][:128]
		first, last := le.Uint64(e[32:]), le.Uint64(e[40:])
		kind := guid(e)
		if kind == guid(make([]byte, 16)) {
			continue
		}
		number := int(i) + 1
		if first < h.first || last > h.last || last < first {
			return Table{}, fmt.Errorf("%w: partition %d is from block %d to %d, outside %d to %d", ErrDamaged, number, first, last, h.first, h.last)
		}
		p, err := part(number, first, last-first+1, sector, size)
		if err != nil {
			return Table{}, err
		}
		p.Type, p.ID, p.Name = kind, guid(e[16:]), name(e[56:128])
		p.Active = le.Uint64(e[48:])&legacyBootable != 0
		table.Partitions = append(table.Partitions, p)
	}
	return table, nil
}

// guid writes a GUID as UEFI does: the first three fields are little-endian.
func guid(p []byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", le.Uint32(p), le.Uint16(p[4:]), le.Uint16(p[6:]), p[8:10], p[10:16])
}

func name(p []byte) string {
	units := make([]uint16, len(p)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	text, _, _ := strings.Cut(string(utf16.Decode(units)), "\x00")
	return text
}
