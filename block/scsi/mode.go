package scsi

import (
	"bytes"
	"encoding/binary"
)

// modeState is what mode pages can change.
type modeState struct {
	descriptorSense bool // D_SENSE
	writeProtect    bool // SWP
	writeCache      bool // WCE
}

func (u *Unit) descriptorSense() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mode.descriptorSense
}

// Mode pages (SPC-4 section 7.5, SBC-3 section 6.5).
const (
	pageCaching  = 0x08
	pageControl  = 0x0a
	pageInfoExc  = 0x1c
	pageAll      = 0x3f
	allSubpages  = 0xff
	changeable   = 1
	savedValues  = 3
	pageControls = 6 // shift of the PC field
)

// modePage is a page's bytes: those in force, or a mask of those that can be
// changed.
func (m modeState) modePage(page byte, mask bool) []byte {
	if mask {
		m = modeState{descriptorSense: true, writeProtect: true, writeCache: true}
	}
	switch page {
	case pageCaching:
		p := make([]byte, 20)
		p[0], p[1] = pageCaching, 18
		if m.writeCache {
			p[2] = 0x04
		}
		return p
	case pageControl:
		p := make([]byte, 12)
		p[0], p[1] = pageControl, 10
		if m.descriptorSense {
			p[2] = 0x04
		}
		if m.writeProtect {
			p[4] = 0x08
		}
		if !mask {
			p[2] |= 0x20 // TST 001b: each I_T nexus has a task set of its own
			p[3] = 0x10  // unrestricted reordering
		}
		return p
	case pageInfoExc:
		p := make([]byte, 12)
		p[0], p[1] = pageInfoExc, 10
		if !mask {
			p[2] = 0x08 // DEXCPT
		}
		return p
	}
	return nil
}

// modePages returns the pages that were asked for.
func (m modeState) modePages(page byte, mask bool) []byte {
	if page != pageAll {
		return m.modePage(page, mask)
	}
	var p []byte
	for _, one := range []byte{pageCaching, pageControl, pageInfoExc} {
		p = append(p, m.modePage(one, mask)...)
	}
	return p
}

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
	m := u.mode
	if control == 2 {
		m = modeState{writeCache: true}
	}
	if pages = m.modePages(page, control == changeable); pages == nil {
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
		current, mask := m.modePage(page[0]&0x3f, false), m.modePage(page[0]&0x3f, true)
		if len(current) != len(page) || page[0]&0x40 != 0 {
			return m, invalidList(at)
		}
		for i := 2; i < len(page); i++ {
			if (page[i]^current[i])&^mask[i] != 0 {
				return m, invalidList(at + i)
			}
		}
		switch page[0] & 0x3f {
		case pageCaching:
			m.writeCache = page[2]&0x04 != 0
		case pageControl:
			m.descriptorSense, m.writeProtect = page[2]&0x04 != 0, page[4]&0x08 != 0
		}
		p, at = p[len(page):], at+len(page)
	}
	return m, nil
}
