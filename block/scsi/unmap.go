package scsi

import "encoding/binary"

// unmap is UNMAP (SBC-3 section 5.28).
func (c *Command) unmap() error {
	u := c.unit
	if c.CDB[1]&1 != 0 { // ANCHOR
		return invalidCDB(1)
	}
	if !u.caps.Trim && !u.readOnly {
		return fails(senseOpcode)
	}
	list, err := c.unmapList()
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
		if err := u.Device.Trim(c.ctx, off, n); err != nil {
			return deviceError(err, senseWriteError)
		}
	}
	return nil
}

// unmapList returns the descriptors, all of which were checked.
func (c *Command) unmapList() ([]byte, error) {
	length := c.u16(7)
	if length == 0 {
		return nil, nil
	}
	if length < 8 {
		return nil, fails(senseParameterLength)
	}
	p, err := c.parameters(length)
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
		if _, _, err := c.unit.extent(binary.BigEndian.Uint64(d), count); err != nil {
			return nil, err
		}
		if total += count; total > maxUnmapBlocks {
			return nil, invalidList(8)
		}
	}
	return list, nil
}
