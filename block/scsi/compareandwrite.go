package scsi

// compareAndWrite is COMPARE AND WRITE (SBC-3 section 5.2).
func (c *Command) compareAndWrite() error {
	if err := c.protection(); err != nil {
		return err
	}
	u := c.unit
	count := int(c.CDB[13])
	off, n, err := u.extent(c.address16(), uint64(count))
	if err != nil {
		return err
	}
	if count > u.maxCompare() {
		return invalidCDB(13)
	}
	if err := u.writable(); err != nil {
		return err
	}
	data, err := c.exactly(int(2 * n))
	if err != nil || n == 0 {
		return err
	}
	u.atomic.Lock()
	defer u.atomic.Unlock()
	if err := c.compareChunk(off, data[:n], 0); err != nil {
		return err
	}
	return deviceError(u.Device.Write(c.ctx, data[n:], off, c.writeFlags()), senseWriteError)
}

// orWrite is ORWRITE (16) (SBC-3 section 5.6).
func (c *Command) orWrite() error {
	off, data, err := c.toWrite()
	if err != nil || len(data) == 0 {
		return err
	}
	u := c.unit
	p := c.Transport.Scratch(len(data))
	if p == nil {
		return ErrBusy
	}
	u.atomic.Lock()
	defer u.atomic.Unlock()
	if err := u.Device.Read(c.ctx, p, off); err != nil {
		return deviceError(err, senseReadError)
	}
	for i := range data {
		p[i] |= data[i]
	}
	return deviceError(u.Device.Write(c.ctx, p, off, c.writeFlags()), senseWriteError)
}
