package scsi

import (
	"time"

	"github.com/spurboot/spur/block"
)

// writeFlags has FUA by the CDB, or because the write cache is off.
func (c *Command) writeFlags() block.WriteFlags {
	if c.fua() || c.unit.writesThrough() {
		return block.FUA
	}
	return 0
}

// wholeBlocks is the data that arrived, without a part of a block at its end:
// an initiator that expects to send less than the command says gets as much
// written as it sends (RFC 7143 section 11.4.5.1).
func (c *Command) wholeBlocks() []byte { return c.Out[:len(c.Out)-len(c.Out)%c.unit.blockSize] }

// toWrite checks a command that writes its data, and returns where and what.
func (c *Command) toWrite() (off int64, data []byte, err error) {
	off, _, err = c.transfer()
	if err == nil {
		err = c.unit.writable()
	}
	return off, c.wholeBlocks(), err
}

// write is WRITE (6) to (16) (SBC-3 sections 5.31 to 5.35).
func (c *Command) write() error {
	off, data, err := c.toWrite()
	if err != nil || len(data) == 0 {
		return err
	}
	c.unit.atomic.RLock()
	defer c.unit.atomic.RUnlock()
	began := time.Now()
	err = c.unit.Device.Write(c.ctx, data, off, c.writeFlags())
	c.nexus.latencyOf(c).Observe(time.Since(began))
	return deviceError(err, senseWriteError)
}

// writeVerify is WRITE AND VERIFY (10) to (16) (SBC-3 section 5.36).
func (c *Command) writeVerify() error {
	if c.CDB[1]&0x04 != 0 { // BYTCHK is one bit wide here
		return invalidCDB(1)
	}
	off, data, err := c.toWrite()
	if err != nil || len(data) == 0 {
		return err
	}
	c.unit.atomic.RLock()
	defer c.unit.atomic.RUnlock()
	if err := c.unit.Device.Write(c.ctx, data, off, block.FUA); err != nil {
		return deviceError(err, senseWriteError)
	}
	if c.CDB[1]&0x02 == 0 {
		return nil
	}
	return c.compare(off, data)
}
