package scsi

import (
	"encoding/binary"

	"github.com/spurboot/spur/block"
)

// Limits of one GET LBA STATUS.
const (
	maxStatusDescriptors = 64
	maxStatusBytes       = 64 << 30
)

// lbaStatus is GET LBA STATUS (SBC-3 section 5.4).
func (c *Command) lbaStatus() error {
	u := c.unit
	lba, total := c.address16(), u.blocks()
	if lba >= total {
		return fails(senseRange)
	}
	off, n, err := u.extent(lba, min(total-lba, uint64(maxStatusBytes/u.blockSize)))
	if err != nil {
		return err
	}
	s := statusList{size: int64(u.blockSize), next: int64(lba), p: make([]byte, 8, 8+16*maxStatusDescriptors)}
	if err := u.Device.Extents(c.ctx, off, n, s.add); err != nil {
		return deviceError(err, senseReadError)
	}
	binary.BigEndian.PutUint32(s.p, uint32(len(s.p)-4))
	return c.give(s.p, int(c.u32(10)))
}

// statusList collects LBA status descriptors. A block of which only a part is
// a hole counts as mapped.
type statusList struct {
	size   int64
	p      []byte
	next   int64 // the block that follows
	mapped bool
}

func (s *statusList) add(e block.Extent) bool {
	first, end := e.Offset/s.size, (e.Offset+e.Length)/s.size
	if e.Hole {
		first = (e.Offset + s.size - 1) / s.size
	} else {
		end = (e.Offset + e.Length + s.size - 1) / s.size
	}
	if first > s.next && !s.append(first, true) {
		return false
	}
	return s.append(end, !e.Hole)
}

// append makes all blocks up to end mapped or not.
func (s *statusList) append(end int64, mapped bool) bool {
	if end <= s.next {
		return true
	}
	n := len(s.p)
	if n > 8 && s.mapped == mapped {
		count := binary.BigEndian.Uint32(s.p[n-8:])
		binary.BigEndian.PutUint32(s.p[n-8:], count+uint32(end-s.next))
	} else {
		if n == cap(s.p) {
			return false
		}
		s.p = binary.BigEndian.AppendUint64(s.p, uint64(s.next))
		s.p = binary.BigEndian.AppendUint32(s.p, uint32(end-s.next))
		s.p = append(s.p, 0, 0, 0, 0)
		if !mapped {
			s.p[n+12] = 1 // deallocated
		}
	}
	s.next, s.mapped = end, mapped
	return true
}
