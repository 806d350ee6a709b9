package scsi

import "time"

// chunk is how many bytes are read from a device at a time: what was read goes
// out while the next is read.
const chunk = 256 << 10

// read is READ (6) to (16) (SBC-3 sections 5.10 to 5.14).
func (c *Command) read() error {
	off, n, err := c.transfer()
	if err != nil {
		return err
	}
	if c.givesWrongly() {
		c.Length = 0
		return nil
	}
	if c.fua() { // what is read is durable
		if err := c.sync(); err != nil {
			return err
		}
	}
	for left := int(min(n, int64(c.room()))); left > 0; {
		p, err := c.Transport.Space(min(left, chunk))
		if err != nil {
			return err
		}
		began := time.Now()
		if err := c.unit.Device.Read(c.ctx, p, off); err != nil {
			return deviceError(err, senseReadError)
		}
		c.nexus.latencyOf(c).Observe(time.Since(began))
		if err := c.Transport.Send(); err != nil {
			return err
		}
		off, left = off+int64(len(p)), left-len(p)
	}
	return nil
}
