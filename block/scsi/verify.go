package scsi

import "bytes"

// verify is VERIFY (10) to (16) (SBC-3 section 5.32).
func (c *Command) verify() error {
	off, n, err := c.blocks()
	if err != nil {
		return err
	}
	switch c.CDB[1] >> 1 & 3 {
	case 0:
		return c.readable(off, n)
	case 1:
		if off, n, err = c.transfer(); err != nil || n == 0 {
			return err
		}
		return c.compare(off, c.wholeBlocks())
	case 3:
		return c.compareSame(off, n)
	}
	return invalidCDB(1)
}

// readable reads without sending.
func (c *Command) readable(off, n int64) error {
	p := c.Transport.Scratch(int(min(n, chunk)))
	if p == nil {
		return ErrBusy
	}
	for ; n > 0; off, n = off+int64(len(p)), n-int64(len(p)) {
		p = p[:min(n, chunk)]
		if err := c.unit.Device.Read(c.ctx, p, off); err != nil {
			return deviceError(err, senseReadError)
		}
	}
	return nil
}

// compare compares the medium with data.
func (c *Command) compare(off int64, data []byte) error {
	for at := 0; at < len(data); at += chunk {
		part := data[at:min(at+chunk, len(data))]
		if err := c.compareChunk(off+int64(at), part, uint64(at)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Command) compareChunk(off int64, data []byte, at uint64) error {
	p := c.Transport.Scratch(len(data))
	if p == nil {
		return ErrBusy
	}
	if err := c.unit.Device.Read(c.ctx, p, off); err != nil {
		return deviceError(err, senseReadError)
	}
	if bytes.Equal(p, data) {
		return nil
	}
	i := 0
	for p[i] == data[i] {
		i++
	}
	return &check{code: senseMiscompare, info: at + uint64(i), hasInfo: true}
}

// compareSame compares each block with the one that was sent.
func (c *Command) compareSame(off, n int64) error {
	one, err := c.parameters(c.unit.blockSize)
	if err != nil {
		return err
	}
	for ; n > 0; n -= int64(len(one)) {
		if err := c.compareChunk(off, one, 0); err != nil {
			return err
		}
		off += int64(len(one))
	}
	return nil
}
