package scsi

import "context"

// table is that of all commands.
var table = newOperations()

// Execute carries out a command. What the device still does for it ends with the
// context, which is that of the command's abortion.
func (n *Nexus) Execute(ctx context.Context, c *Command) {
	c.ctx, c.nexus, c.unit, c.table = ctx, n, n.unit, table
	c.conclude(c.dispatch())
}

// DataOut is how many bytes a command takes from the initiator. It is 0 for one
// that Execute will refuse.
func (n *Nexus) DataOut(c *Command) int {
	op := table.find(&c.CDB)
	if op == nil || op.needs == nil || n.unit == nil {
		return 0
	}
	c.nexus, c.unit = n, n.unit
	if length := op.needs(c); length <= n.MaxTransfer {
		return length
	}
	return 0
}

// dispatch finds the command and does it, after the checks that come before
// any command (SAM-5 section 5.14, SPC-4 section 5.9).
func (c *Command) dispatch() error {
	op, u := c.table.find(&c.CDB), c.unit
	switch {
	case u == nil && (op == nil || op.access&withoutUnit == 0):
		return fails(senseLUN)
	case u == nil:
		return op.run(c)
	}
	if op == nil || op.access&withoutAttention == 0 {
		if code := c.nexus.takeAttention(); code != senseNone {
			return fails(code)
		}
	}
	switch {
	case op == nil && c.table.known(c.CDB[0]):
		return invalidCDB(1) // the service action
	case op == nil:
		return fails(senseOpcode)
	case c.CDB[op.length()-1]&0x04 != 0: // NACA, which INQUIRY says isn't there
		return invalidCDB(op.length() - 1)
	case c.takesWrongly(op):
		return fails(senseFieldInUnit)
	case u.conflicts(c.nexus, op.access):
		return errConflict
	case op.access&needsMedium != 0 && !u.isReady():
		return fails(senseNoMedium)
	}
	return op.run(c)
}
