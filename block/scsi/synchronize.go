package scsi

// synchronize is SYNCHRONIZE CACHE (10) and (16) (SBC-3 sections 5.22, 5.23).
func (c *Command) synchronize() error {
	if _, _, err := c.blocks(); err != nil {
		return err
	}
	return c.sync()
}

// prefetch is PRE-FETCH (10) and (16): there is no cache of ours to fill
// (SBC-3 section 5.8).
func (c *Command) prefetch() error {
	_, _, err := c.blocks()
	return err
}

func (c *Command) sync() error {
	u := c.unit
	if u.readOnly {
		return nil
	}
	return deviceError(u.Device.Flush(c.ctx), senseWriteError)
}
