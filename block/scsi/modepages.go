package scsi

import (
	"bytes"
)

// modeState is what mode pages can change.
type modeState struct {
	descriptorSense bool // D_SENSE
	writeProtect    bool // SWP
	writeCache      bool // WCE
}

// defaultMode is that after a reset.
var defaultMode = modeState{writeCache: true}

func (u *Unit) descriptorSense() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mode.descriptorSense
}

// modePage is a page: its bytes with what can't be changed, and the bits that can.
type modePage struct {
	fixed []byte
	bits  []modeBit
}

type modeBit struct {
	at   int
	mask byte
	of   func(*modeState) *bool
}

// modePages are those there are (SPC-4 section 7.5, SBC-3 section 6.5): caching;
// control, with TST 001b, for each I_T nexus has a task set of its own, and
// unrestricted reordering; informational exceptions control, with DEXCPT.
var modePages = []modePage{
	{[]byte{0x08, 18, 19: 0}, []modeBit{{2, 0x04, func(m *modeState) *bool { return &m.writeCache }}}},
	{[]byte{0x0a, 10, 0x20, 0x10, 11: 0}, []modeBit{
		{2, 0x04, func(m *modeState) *bool { return &m.descriptorSense }},
		{4, 0x08, func(m *modeState) *bool { return &m.writeProtect }},
	}},
	{[]byte{0x1c, 10, 0x08, 11: 0}, nil},
}

// values is the page as it is in force.
func (p *modePage) values(m modeState) []byte {
	page := bytes.Clone(p.fixed)
	for _, bit := range p.bits {
		if *bit.of(&m) {
			page[bit.at] |= bit.mask
		}
	}
	return page
}

// changeable is a mask of the bits that can be changed.
func (p *modePage) changeable() []byte {
	page := make([]byte, len(p.fixed))
	copy(page, p.fixed[:2])
	for _, bit := range p.bits {
		page[bit.at] |= bit.mask
	}
	return page
}

// take sets what can be changed to what a page says; at is where that begins in the
// parameter list.
func (p *modePage) take(m *modeState, page []byte, at int) error {
	now, mask := p.values(*m), p.changeable()
	if len(now) != len(page) {
		return invalidList(at)
	}
	for i := 2; i < len(page); i++ {
		if (page[i]^now[i])&^mask[i] != 0 {
			return invalidList(at + i)
		}
	}
	for _, bit := range p.bits {
		*bit.of(m) = page[bit.at]&bit.mask != 0
	}
	return nil
}

// Fields of MODE SENSE.
const (
	pageAll      = 0x3f
	allSubpages  = 0xff
	changeable   = 1
	defaults     = 2
	savedValues  = 3
	pageControls = 6 // shift of the PC field
)
