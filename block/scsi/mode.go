package scsi

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// senseBody is what both MODE SENSEs have: device-specific parameter, block
// descriptor, pages.
func (c *Command) senseBody() (specific byte, descriptor, pages []byte, err error) {
	u := c.unit
	u.mu.Lock()
	defer u.mu.Unlock()
	control, page := c.CDB[2]>>pageControls, c.CDB[2]&0x3f
	if c.CDB[3] != 0 && c.CDB[3] != allSubpages {
		return 0, nil, nil, invalidCDB(3)
	}
	if control == savedValues {
		return 0, nil, nil, &check{code: 0x053900} // saving not supported
	}
	for _, p := range modePages {
		switch {
		case page != pageAll && page != p.fixed[0]:
		case control == changeable:
			pages = append(pages, p.changeable()...)
		case control == defaults:
			pages = append(pages, p.values(defaultMode)...)
		default:
			pages = append(pages, p.values(u.mode)...)
		}
	}
	if pages == nil {
		return 0, nil, nil, invalidCDB(2)
	}
	specific = 0x10 // DPOFUA
	if u.readOnly || u.mode.writeProtect {
		specific |= 0x80
	}
	if c.CDB[1]&0x08 == 0 {
		descriptor = u.blockDescriptor()
	}
	return specific, descriptor, pages, nil
}

// blockDescriptor is the short one (SBC-3 section 6.5.2.2).
func (u *Unit) blockDescriptor() []byte {
	p := make([]byte, 8)
	binary.BigEndian.PutUint32(p, uint32(min(u.blocks(), 0xffffffff)))
	binary.BigEndian.PutUint32(p[4:], uint32(u.blockSize))
	return p
}

// modeSense6 is MODE SENSE (6) (SPC-4 section 6.13).
func (c *Command) modeSense6() error {
	specific, descriptor, pages, err := c.senseBody()
	if err != nil {
		return err
	}
	p := []byte{byte(3 + len(descriptor) + len(pages)), 0, specific, byte(len(descriptor))}
	return c.give(append(append(p, descriptor...), pages...), int(c.CDB[4]))
}

// modeSense10 is MODE SENSE (10) (SPC-4 section 6.14).
func (c *Command) modeSense10() error {
	specific, descriptor, pages, err := c.senseBody()
	if err != nil {
		return err
	}
	p := []byte{0, byte(6 + len(descriptor) + len(pages)), 0, specific, 0, 0, 0, byte(len(descriptor))}
	return c.give(append(append(p, descriptor...), pages...), c.u16(7))
}

// modeSelect6 is MODE SELECT (6) (SPC-4 section 6.11).
func (c *Command) modeSelect6() error { return c.modeSelect(int(c.CDB[4]), 4) }

// modeSelect10 is MODE SELECT (10) (SPC-4 section 6.12).
func (c *Command) modeSelect10() error { return c.modeSelect(c.u16(7), 8) }

func (c *Command) modeSelect(length, header int) error {
	if c.CDB[1]&0x10 == 0 || c.CDB[1]&0x01 != 0 { // PF, and SP: nothing is saved
		return invalidCDB(1)
	}
	if length == 0 {
		return nil
	}
	p, err := c.parameters(length)
	if err != nil {
		return err
	}
	u := c.unit
	at, err := u.skipDescriptor(p, header)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	m, err := u.mode.selectPages(p[at:], at)
	if err != nil {
		return err
	}
	if m != u.mode {
		u.mode = m
		u.attendOthers(c.nexus, senseModeChanged)
	}
	return nil
}

// skipDescriptor returns where the pages begin in a parameter list. A block
// descriptor before them may not change anything: neither the length nor the
// number of blocks can be (SBC-3 section 6.5.2).
func (u *Unit) skipDescriptor(p []byte, header int) (int, error) {
	if len(p) < header {
		return 0, fails(senseParameterLength)
	}
	length := int(p[header-1])
	if header == 8 && (p[6] != 0 || p[4]&1 != 0) {
		return 0, invalidList(4) // LONGLBA, or more than one
	}
	switch {
	case length == 0:
		return header, nil
	case length != 8:
		return 0, invalidList(header - 1)
	case len(p) < header+length:
		return 0, fails(senseParameterLength)
	}
	is := u.blockDescriptor()
	if got := p[header : header+8]; !bytes.Equal(got[5:], is[5:]) {
		return 0, invalidList(header + 5)
	} else if count := binary.BigEndian.Uint32(got); count != 0 && !bytes.Equal(got[:4], is[:4]) {
		return 0, invalidList(header)
	}
	return header + length, nil
}

// selectPages returns the state after pages were set; at is where they begin
// in the parameter list.
func (m modeState) selectPages(p []byte, at int) (modeState, error) {
	for len(p) > 0 {
		if len(p) < 2 || len(p) < 2+int(p[1]) {
			return m, fails(senseParameterLength)
		}
		page := p[:2+int(p[1])]
		i := slices.IndexFunc(modePages, func(p modePage) bool { return p.fixed[0] == page[0]&0x7f })
		if i < 0 {
			return m, invalidList(at)
		}
		if err := modePages[i].take(&m, page, at); err != nil {
			return m, err
		}
		p, at = p[len(page):], at+len(page)
	}
	return m, nil
}
