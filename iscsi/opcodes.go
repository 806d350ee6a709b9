package iscsi

import "encoding/binary"

// Reporting options of REPORT SUPPORTED OPERATION CODES (SPC-4 table 274).
const (
	reportAll       = 0
	reportOne       = 1
	reportAction    = 2
	supportStandard = 3
	notSupported    = 1
	flagRCTD        = 0x80
	flagCTDP        = 0x80
	flagSERVACTV    = 0x01
)

// offered: UNMAP is for those who have it.
func (t *task) offered(c *command) bool {
	return c.code != 0x42 || t.nexus.unit.caps.Trim
}

// reportOpcodes is REPORT SUPPORTED OPERATION CODES (SPC-4 section 6.35).
func (t *task) reportOpcodes() error {
	timeouts := t.cdb[2]&flagRCTD != 0
	var p []byte
	switch option := t.cdb[2] & 7; option {
	case reportAll:
		p = t.allCommands(timeouts)
	case reportOne, reportAction:
		var err error
		if p, err = t.oneCommand(option, timeouts); err != nil {
			return err
		}
	default:
		return invalidCDB(2)
	}
	return t.give(p, int(t.u32(6)))
}

// allCommands is the all_commands format.
func (t *task) allCommands(timeouts bool) []byte {
	p := make([]byte, 4)
	for _, rows := range t.s.srv.commands {
		for _, c := range rows {
			if !t.offered(c) {
				continue
			}
			d := [8]byte{0: c.code, 7: byte(c.length())}
			if c.action >= 0 {
				d[3], d[5] = byte(c.action), flagSERVACTV
			}
			if timeouts {
				d[5] |= 0x02
			}
			p = append(p, d[:]...)
			if timeouts {
				p = append(p, noTimeouts[:]...)
			}
		}
	}
	binary.BigEndian.PutUint32(p, uint32(len(p)-4))
	return p
}

// noTimeouts is a descriptor that says nothing of times.
var noTimeouts = [12]byte{1: 10}

// oneCommand is the one_command format.
func (t *task) oneCommand(option byte, timeouts bool) ([]byte, error) {
	rows := t.s.srv.commands[t.cdb[3]]
	hasAction := len(rows) > 0 && rows[0].action >= 0
	if option == reportOne && hasAction || option == reportAction && len(rows) > 0 && !hasAction {
		return nil, invalidCDB(2)
	}
	for _, c := range rows {
		if !t.offered(c) || option == reportAction && c.action != t.u16(4) {
			continue
		}
		p := []byte{0, supportStandard, 0, byte(c.length())}
		if c.action >= 0 {
			usage := []byte(c.usage)
			usage[1] = usage[1]&^0x1f | byte(c.action)
			p = append(p, usage...)
		} else {
			p = append(p, c.usage...)
		}
		if timeouts {
			p[1] |= flagCTDP
			p = append(p, noTimeouts[:]...)
		}
		return p, nil
	}
	return []byte{0, notSupported, 0, 0}, nil
}

// reportFunctions is REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS
// (SPC-4 section 6.36).
func (t *task) reportFunctions() error {
	allocation := int(t.u32(6))
	if allocation < 4 {
		return invalidCDB(6)
	}
	p := make([]byte, 16)
	p[0] = 0xda // ABORT TASK, ABORT TASK SET, CLEAR TASK SET, LU RESET, TARGET RESET
	if t.cdb[2]&0x80 == 0 {
		return t.give(p[:4], allocation)
	}
	p[3] = 12
	return t.give(p, allocation)
}
