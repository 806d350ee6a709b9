package iscsi

import (
	"bytes"
	"time"

	"github.com/spurboot/spur/block"
)

// chunk is how many bytes are read from a device at a time: what was read goes
// out while the next is read.
const chunk = 256 << 10

// protection refuses protection information, which no unit has
// (SBC-3 section 4.22).
func (t *task) protection() error {
	if t.cdb[0]>>5 != 0 && t.cdb[1]&0xe0 != 0 {
		return invalidCDB(1)
	}
	return nil
}

// blocks checks the range that a command is about.
func (t *task) blocks() (off, n int64, err error) {
	if err := t.protection(); err != nil {
		return 0, 0, err
	}
	lba, count := t.medium()
	return t.nexus.unit.extent(lba, count)
}

// transfer is blocks for commands that move data, which has a limit.
func (t *task) transfer() (off, n int64, err error) {
	if off, n, err = t.blocks(); err != nil {
		return 0, 0, err
	}
	if n > int64(t.s.srv.bounds.MaxTransfer) {
		return 0, 0, invalidCDB(t.countField())
	}
	t.scsiLen = int(n)
	return off, n, nil
}

// countField is where a CDB has its transfer length.
func (t *task) countField() int {
	switch t.cdb[0] >> 5 {
	case 0:
		return 4
	case 1, 2:
		return 7
	case 5:
		return 6
	}
	return 10
}

// flags of a write: FUA by the CDB, or because the write cache is off.
func (t *task) writeFlags() block.WriteFlags {
	u := t.nexus.unit
	if t.cdb[0]>>5 != 0 && t.cdb[1]&0x08 != 0 || u.writesThrough() {
		return block.FUA
	}
	return 0
}

// read is READ (6) to (16) (SBC-3 sections 5.10 to 5.14).
func (t *task) read() error {
	off, n, err := t.transfer()
	if err != nil {
		return err
	}
	if t.givesWrongly() {
		t.scsiLen = 0
		return nil
	}
	if t.cdb[0]>>5 != 0 && t.cdb[1]&0x08 != 0 { // FUA: what is read is durable
		if err := t.sync(); err != nil {
			return err
		}
	}
	for left := int(min(n, int64(t.room()))); left > 0; {
		b, err := t.spaceToGive(min(left, chunk))
		if err != nil {
			return err
		}
		began := time.Now()
		if err := t.nexus.unit.dev.Read(t.ctx(), b.b, off); err != nil {
			t.s.srv.pool.put(b)
			return deviceError(err, senseReadError)
		}
		t.latency().Observe(time.Since(began))
		if err := t.put(b); err != nil {
			return fails(senseAborted)
		}
		off, left = off+int64(len(b.b)), left-len(b.b)
	}
	return nil
}

// wholeBlocks is the data that arrived, without a part of a block at its end:
// an initiator that expects to send less than the command says gets as much
// written as it sends (RFC 7143 section 11.4.5.1).
func (t *task) wholeBlocks() []byte {
	p := t.data()
	return p[:len(p)-len(p)%t.nexus.unit.blockSize]
}

// write is WRITE (6) to (16) (SBC-3 sections 5.31 to 5.35).
func (t *task) write() error {
	off, n, err := t.transfer()
	if err != nil {
		return err
	}
	u := t.nexus.unit
	if err := u.writable(); err != nil || n == 0 {
		return err
	}
	u.atomic.RLock()
	defer u.atomic.RUnlock()
	began := time.Now()
	err = u.dev.Write(t.ctx(), t.wholeBlocks(), off, t.writeFlags())
	t.latency().Observe(time.Since(began))
	return deviceError(err, senseWriteError)
}

// writeVerify is WRITE AND VERIFY (10) to (16) (SBC-3 section 5.36).
func (t *task) writeVerify() error {
	off, n, err := t.transfer()
	if err != nil {
		return err
	}
	u, data := t.nexus.unit, t.wholeBlocks()
	if t.cdb[1]&0x04 != 0 { // BYTCHK is one bit wide here
		return invalidCDB(1)
	}
	if err := u.writable(); err != nil || n == 0 {
		return err
	}
	u.atomic.RLock()
	defer u.atomic.RUnlock()
	if err := u.dev.Write(t.ctx(), data, off, block.FUA); err != nil {
		return deviceError(err, senseWriteError)
	}
	if t.cdb[1]&0x02 == 0 {
		return nil
	}
	return t.compare(off, data)
}

// verify is VERIFY (10) to (16) (SBC-3 section 5.32).
func (t *task) verify() error {
	off, n, err := t.blocks()
	if err != nil {
		return err
	}
	switch t.cdb[1] >> 1 & 3 {
	case 0:
		return t.readable(off, n)
	case 1:
		if off, n, err = t.transfer(); err != nil || n == 0 {
			return err
		}
		return t.compare(off, t.wholeBlocks())
	case 3:
		return t.compareSame(off, n)
	}
	return invalidCDB(1)
}

// readable reads without sending.
func (t *task) readable(off, n int64) error {
	b := t.s.try(int(min(n, chunk)))
	if b == nil {
		return errBusy
	}
	defer t.s.srv.pool.put(b)
	for n > 0 {
		p := b.b[:min(n, chunk)]
		if err := t.nexus.unit.dev.Read(t.ctx(), p, off); err != nil {
			return deviceError(err, senseReadError)
		}
		off, n = off+int64(len(p)), n-int64(len(p))
	}
	return nil
}

// compare compares the medium with data.
func (t *task) compare(off int64, data []byte) error {
	for at := 0; at < len(data); at += chunk {
		part := data[at:min(at+chunk, len(data))]
		if err := t.compareChunk(off+int64(at), part, uint64(at)); err != nil {
			return err
		}
	}
	return nil
}

func (t *task) compareChunk(off int64, data []byte, at uint64) error {
	b := t.s.try(len(data))
	if b == nil {
		return errBusy
	}
	defer t.s.srv.pool.put(b)
	if err := t.nexus.unit.dev.Read(t.ctx(), b.b, off); err != nil {
		return deviceError(err, senseReadError)
	}
	if bytes.Equal(b.b, data) {
		return nil
	}
	i := 0
	for b.b[i] == data[i] {
		i++
	}
	return &check{code: senseMiscompare, info: at + uint64(i), hasInfo: true}
}

// compareSame compares each block with the one that was sent.
func (t *task) compareSame(off, n int64) error {
	one, err := t.parameters(t.nexus.unit.blockSize)
	if err != nil {
		return err
	}
	for ; n > 0; n -= int64(len(one)) {
		if err := t.compareChunk(off, one, 0); err != nil {
			return err
		}
		off += int64(len(one))
	}
	return nil
}

// compareAndWrite is COMPARE AND WRITE (SBC-3 section 5.2).
func (t *task) compareAndWrite() error {
	if err := t.protection(); err != nil {
		return err
	}
	u := t.nexus.unit
	count := int(t.cdb[13])
	off, n, err := u.extent(t.address16(), uint64(count))
	if err != nil {
		return err
	}
	if count > u.maxCompare() {
		return invalidCDB(13)
	}
	if err := u.writable(); err != nil {
		return err
	}
	data, err := t.exactly(int(2 * n))
	if err != nil || n == 0 {
		return err
	}
	u.atomic.Lock()
	defer u.atomic.Unlock()
	if err := t.compareChunk(off, data[:n], 0); err != nil {
		return err
	}
	return deviceError(u.dev.Write(t.ctx(), data[n:], off, t.writeFlags()), senseWriteError)
}

// orWrite is ORWRITE (16) (SBC-3 section 5.6).
func (t *task) orWrite() error {
	off, n, err := t.transfer()
	if err != nil {
		return err
	}
	u := t.nexus.unit
	if err := u.writable(); err != nil || n == 0 {
		return err
	}
	data := t.wholeBlocks()
	b := t.s.try(len(data))
	if b == nil {
		return errBusy
	}
	defer t.s.srv.pool.put(b)
	u.atomic.Lock()
	defer u.atomic.Unlock()
	if err := u.dev.Read(t.ctx(), b.b, off); err != nil {
		return deviceError(err, senseReadError)
	}
	for i := range data {
		b.b[i] |= data[i]
	}
	return deviceError(u.dev.Write(t.ctx(), b.b, off, t.writeFlags()), senseWriteError)
}
