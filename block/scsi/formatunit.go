package scsi

import "github.com/spurboot/spur/block"

// Bits of FORMAT UNIT (SBC-3 section 5.3).
const (
	flagLongList   = 0x20
	flagFormatData = 0x10
	flagImmediate  = 0x02 // the only one of a parameter list that has a meaning here
)

// needsFormat is the header of FORMAT UNIT's parameter list; there are no
// defects to be listed behind it.
func needsFormat(c *Command) int {
	switch {
	case c.CDB[1]&flagFormatData == 0:
		return 0
	case c.CDB[1]&flagLongList != 0:
		return 8
	}
	return 4
}

// format is FORMAT UNIT: all blocks read as zeros afterwards, and take no space
// where the device can do that. IMMED or not, the answer comes at the end.
func (c *Command) format() error {
	if c.CDB[1]&0xc0 != 0 { // protection information, which no unit has
		return invalidCDB(1)
	}
	list, err := c.parameters(needsFormat(c))
	if err != nil {
		return err
	}
	for i, b := range list {
		if i == 1 {
			b &^= flagImmediate
		}
		if b != 0 { // options, or a defect list
			return invalidList(i)
		}
	}
	u := c.unit
	if err := u.writable(); err != nil {
		return err
	}
	u.atomic.Lock()
	defer u.atomic.Unlock()
	return deviceError(u.Device.Zero(c.ctx, 0, u.Device.Size(), block.ZeroFUA), senseWriteError)
}
