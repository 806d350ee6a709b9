package scsi

import "encoding/binary"

// Reporting options of REPORT SUPPORTED OPERATION CODES (SPC-4 table 274).
const (
	reportAll    = 0
	reportOne    = 1
	reportAction = 2
)

// offered: UNMAP is for those who have it.
func (c *Command) offered(op *operation) bool { return op.code != 0x42 || c.unit.caps.Trim }

// reportOpcodes is REPORT SUPPORTED OPERATION CODES (SPC-4 section 6.35).
func (c *Command) reportOpcodes() error {
	timeouts := c.CDB[2]&0x80 != 0 // RCTD
	var p []byte
	switch option := c.CDB[2] & 7; option {
	case reportAll:
		p = c.allCommands(timeouts)
	case reportOne, reportAction:
		var err error
		if p, err = c.oneCommand(option, timeouts); err != nil {
			return err
		}
	default:
		return invalidCDB(2)
	}
	return c.give(p, int(c.u32(6)))
}

// allCommands is the all_commands format.
func (c *Command) allCommands(timeouts bool) []byte {
	p := make([]byte, 4)
	for _, rows := range c.table {
		for _, op := range rows {
			if !c.offered(op) {
				continue
			}
			d := [8]byte{0: op.code, 7: byte(op.length())}
			if op.action >= 0 {
				d[3], d[5] = byte(op.action), 0x01 // SERVACTV
			}
			if timeouts {
				d[5] |= 0x02 // CTDP
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
func (c *Command) oneCommand(option byte, timeouts bool) ([]byte, error) {
	rows := c.table[c.CDB[3]]
	hasAction := len(rows) > 0 && rows[0].action >= 0
	if option == reportOne && hasAction || option == reportAction && len(rows) > 0 && !hasAction {
		return nil, invalidCDB(2)
	}
	for _, op := range rows {
		if !c.offered(op) || option == reportAction && op.action != c.u16(4) {
			continue
		}
		p := append([]byte{0, 3, 0, byte(op.length())}, op.usage...) // supported, as in the standard
		if op.action >= 0 {
			p[5] = p[5]&^0x1f | byte(op.action)
		}
		if timeouts {
			p[1] |= 0x80 // CTDP
			p = append(p, noTimeouts[:]...)
		}
		return p, nil
	}
	return []byte{0, 1, 0, 0}, nil // not supported
}

// reportFunctions is REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS
// (SPC-4 section 6.36).
func (c *Command) reportFunctions() error {
	allocation := int(c.u32(6))
	if allocation < 4 {
		return invalidCDB(6)
	}
	p := make([]byte, 16)
	p[0] = 0xda // ABORT TASK, ABORT TASK SET, CLEAR TASK SET, LU RESET, TARGET RESET
	if c.CDB[2]&0x80 == 0 {
		return c.give(p[:4], allocation)
	}
	p[3] = 12
	return c.give(p, allocation)
}
