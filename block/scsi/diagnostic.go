package scsi

// testUnitReady is TEST UNIT READY (SPC-4 section 6.47): the checks before it say
// all.
func (c *Command) testUnitReady() error { return nil }

// sendDiagnostic is SEND DIAGNOSTIC (SPC-4 section 6.42): the default self-test,
// which nothing here can fail.
func (c *Command) sendDiagnostic() error {
	switch {
	case c.CDB[1]&0xe0 != 0: // other self-tests
		return invalidCDB(1)
	case c.u16(3) != 0: // diagnostic pages
		return invalidCDB(3)
	}
	return nil
}

// defects10 is READ DEFECT DATA (10) of SBC-3: in whichever format they are asked,
// there are none.
func (c *Command) defects10() error {
	return c.give([]byte{0, c.CDB[2] & 0x1f, 0, 0}, c.u16(7))
}

// defects12 is READ DEFECT DATA (12).
func (c *Command) defects12() error {
	return c.give([]byte{0, c.CDB[1] & 0x1f, 0, 0, 0, 0, 0, 0}, int(c.u32(6)))
}
