package iscsi

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/spurboot/spur/block"
)

// ctx ends when the command is aborted or the session is over.
func (t *task) ctx() context.Context {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	return t.nexus.ctx
}

// writable says why the medium can't be written.
func (u *unit) writable() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.readOnly || u.mode.writeProtect {
		return fails(senseReadOnly)
	}
	return nil
}

func (u *unit) writesThrough() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.mode.writeCache
}

func (u *unit) isEjected() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ejected
}

func (t *task) sync() error {
	u := t.nexus.unit
	if u.readOnly {
		return nil
	}
	return deviceError(u.dev.Flush(t.ctx()), senseWriteError)
}

// synchronize is SYNCHRONIZE CACHE (10) and (16) (SBC-3 sections 5.22, 5.23).
func (t *task) synchronize() error {
	if _, _, err := t.blocks(); err != nil {
		return err
	}
	return t.sync()
}

// prefetch is PRE-FETCH (10) and (16): there is no cache of ours to fill
// (SBC-3 section 5.8).
func (t *task) prefetch() error {
	_, _, err := t.blocks()
	return err
}

// writeSame is WRITE SAME (10) and (16) (SBC-3 sections 5.42 and 5.43).
func (t *task) writeSame() error {
	u := t.nexus.unit
	unmap := t.cdb[1]&0x08 != 0
	noData := t.cdb[0] == 0x93 && t.cdb[1]&0x01 != 0
	off, n, err := t.blocks()
	switch {
	case err != nil:
		return err
	case t.cdb[1]&0x16 != 0: // ANCHOR, and what is obsolete
		return invalidCDB(1)
	case unmap && !u.thin() && !u.readOnly:
		return invalidCDB(1)
	case n == 0 || n > int64(t.s.srv.bounds.MaxTransfer): // WSNZ, MAXIMUM WRITE SAME LENGTH
		return invalidCDB(t.countField())
	}
	if err := u.writable(); err != nil {
		return err
	}
	var pattern []byte
	if !noData {
		if pattern, err = t.exactly(u.blockSize); err != nil {
			return err
		}
	}
	u.atomic.RLock()
	defer u.atomic.RUnlock()
	return t.same(off, n, pattern, unmap)
}

func (t *task) same(off, n int64, pattern []byte, unmap bool) error {
	u := t.nexus.unit
	if !isZero(pattern) {
		return t.repeat(off, n, pattern)
	}
	flags := block.NoHole
	if unmap {
		flags = 0
	}
	if u.writesThrough() {
		flags |= block.ZeroFUA
	}
	return deviceError(u.dev.Zero(t.ctx(), off, n, flags), senseWriteError)
}

// repeat writes a block over and over.
func (t *task) repeat(off, n int64, pattern []byte) error {
	b := t.s.try(int(min(n, chunk)))
	if b == nil {
		return errBusy
	}
	defer t.s.srv.pool.put(b)
	for at := 0; at < len(b.b); at += len(pattern) {
		copy(b.b[at:], pattern)
	}
	for flags := t.sameFlags(); n > 0; {
		p := b.b[:min(n, chunk)]
		if err := t.nexus.unit.dev.Write(t.ctx(), p, off, flags); err != nil {
			return deviceError(err, senseWriteError)
		}
		off, n = off+int64(len(p)), n-int64(len(p))
	}
	return nil
}

// sameFlags: WRITE SAME has no FUA bit; its place in the CDB is UNMAP.
func (t *task) sameFlags() block.WriteFlags {
	if t.nexus.unit.writesThrough() {
		return block.FUA
	}
	return 0
}

func isZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[1:], p[:len(p)-1])
}

// unmap is UNMAP (SBC-3 section 5.28).
func (t *task) unmap() error {
	u := t.nexus.unit
	if t.cdb[1]&1 != 0 { // ANCHOR
		return invalidCDB(1)
	}
	if !u.caps.Trim && !u.readOnly {
		return fails(senseOpcode)
	}
	list, err := t.unmapList()
	if err != nil {
		return err
	}
	if err := u.writable(); err != nil {
		return err
	}
	u.atomic.RLock()
	defer u.atomic.RUnlock()
	for ; len(list) > 0; list = list[16:] {
		off, n, err := u.extent(binary.BigEndian.Uint64(list), uint64(binary.BigEndian.Uint32(list[8:])))
		if err != nil {
			return err
		}
		if err := u.dev.Trim(t.ctx(), off, n); err != nil {
			return deviceError(err, senseWriteError)
		}
	}
	return nil
}

// unmapList returns the descriptors, all of which were checked.
func (t *task) unmapList() ([]byte, error) {
	length := t.u16(7)
	if length == 0 {
		return nil, nil
	}
	if length < 8 {
		return nil, fails(senseParameterLength)
	}
	p, err := t.parameters(length)
	if err != nil {
		return nil, err
	}
	n := min(int(binary.BigEndian.Uint16(p[2:])), length-8)
	list := p[8 : 8+n-n%16]
	if len(list) > 16*maxUnmapDescriptors {
		return nil, invalidList(2)
	}
	var total uint64
	for d := list; len(d) > 0; d = d[16:] {
		count := uint64(binary.BigEndian.Uint32(d[8:]))
		if _, _, err := t.nexus.unit.extent(binary.BigEndian.Uint64(d), count); err != nil {
			return nil, err
		}
		if total += count; total > maxUnmapBlocks {
			return nil, invalidList(8)
		}
	}
	return list, nil
}

// defects10 is READ DEFECT DATA (10) of SBC-3: in whichever format they are asked,
// there are none.
func (t *task) defects10() error {
	return t.give([]byte{0, t.cdb[2] & 0x1f, 0, 0}, t.u16(7))
}

// defects12 is READ DEFECT DATA (12).
func (t *task) defects12() error {
	return t.give([]byte{0, t.cdb[1] & 0x1f, 0, 0, 0, 0, 0, 0}, int(t.u32(6)))
}

// Bounds of one GET LBA STATUS.
const (
	maxStatusDescriptors = 64
	maxStatusBytes       = 64 << 30
)

// lbaStatus is GET LBA STATUS (SBC-3 section 5.4).
func (t *task) lbaStatus() error {
	u := t.nexus.unit
	lba, total := t.address16(), u.blocks()
	if lba >= total {
		return fails(senseRange)
	}
	off, n, err := u.extent(lba, min(total-lba, uint64(maxStatusBytes/u.blockSize)))
	if err != nil {
		return err
	}
	s := statusList{size: int64(u.blockSize), p: make([]byte, 8, 8+16*maxStatusDescriptors)}
	if err := u.dev.Extents(t.ctx(), off, n, s.add); err != nil {
		return deviceError(err, senseReadError)
	}
	binary.BigEndian.PutUint32(s.p, uint32(len(s.p)-4))
	return t.give(s.p, int(t.u32(10)))
}

// statusList collects LBA status descriptors. A block of which only a part is
// a hole counts as mapped.
type statusList struct {
	size   int64
	p      []byte
	next   int64 // the block that follows
	begun  bool
	mapped bool
}

func (s *statusList) add(e block.Extent) bool {
	first, end := e.Offset/s.size, (e.Offset+e.Length)/s.size
	if e.Hole {
		first = (e.Offset + s.size - 1) / s.size
	} else {
		end = (e.Offset + e.Length + s.size - 1) / s.size
	}
	if !s.begun {
		s.begun, s.next = true, e.Offset/s.size
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
