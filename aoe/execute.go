package aoe

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/spurboot/spur/block"
)

// parse looks at an ATA request that has all registers, and notes in the command
// what it is. An error number of the protocol is for one that can't be carried out
// at all.
func (t *Target) parse(c *command, longest int) (failure uint8) {
	c.tag, c.from = c.frame.tag(), c.frame.source()
	c.regs = decodeRegisters(c.frame[headerSize:])
	c.kind = c.regs.kind()
	c.first, c.last = 0, 0
	n := int64(c.regs.count)
	switch c.kind {
	case read, write, writeFUA:
		if n == 0 || ataSize+n*sector > int64(longest) {
			return errArgument // of zero, ATA's 256, no frame can hold the data
		}
		if c.kind != read && int64(len(c.frame)) < ataSize+n*sector {
			return errArgument
		}
		fallthrough
	case verify:
		if n == 0 {
			n = 256
		}
		c.first, c.last = c.regs.lba, c.regs.lba+uint64(n)
	case trim:
		if len(c.frame) < ataSize+sector || n != 1 {
			return errArgument
		}
		c.last = 1 << 63 // its ranges are in the data
	}
	return 0
}

// quick says whether a command isn't expected to take long.
func (t *Target) quick(c *command) bool {
	switch c.kind {
	case write:
		return t.dirty.Load() < t.bounds.Dirty && t.writes.Quick()
	case read:
		return t.reads.Quick()
	}
	return c.kind == identify || c.kind == power || c.kind == nothing || c.kind == unknown
}

// execute carries out a command and makes its answer.
func (t *Target) execute(v *service, c *command) {
	start := time.Now()
	n, failure, err := t.do(v.ctx, c)
	t.finish(v, c, n, time.Since(start), failure, err)
}

// finish makes the answer of a command, with n bytes of data, of its frame.
func (t *Target) finish(v *service, c *command, n int, took time.Duration, failure uint8, err error) {
	switch c.kind {
	case read:
		t.reads.Observe(took)
	case write:
		t.writes.Observe(took)
	}
	if t.hooks.Command != nil {
		t.hooks.Command(t, c.from, Command{Name: c.kind.String(), Code: c.regs.command, LBA: c.regs.lba,
			Sectors: int(c.regs.count), Duration: took, Failed: failure != 0, Err: err})
	}
	c.answer = c.buffer[:ataSize+n]
	c.answer.answer(v.mac, t.Shelf, t.Slot)
	status(c.answer, failure)
	if c.kind == power {
		c.answer[headerSize+2] = 0xff // active
	}
}

// inside says whether the sectors are on the disk.
func (t *Target) inside(c *command) bool {
	sectors := uint64(t.Device.Size()) / sector
	return c.last <= sectors && c.first <= c.last
}

// do carries a command out: how much data the answer has, and the error
// register.
func (t *Target) do(ctx context.Context, c *command) (n int, failure uint8, err error) {
	data := c.buffer[ataSize:]
	switch c.kind {
	case read, write, writeFUA, verify:
		if !t.inside(c) {
			return 0, errorNotFound, nil
		}
		if c.kind == verify {
			data = make([]byte, 256*sector) // which nobody keeps
		}
		length := int(c.last-c.first) * sector
		if err = t.transfer(ctx, c, data[:length]); err == nil && c.kind == read {
			n = length
		}
	case identify:
		t.identify(data[:sector])
		return sector, 0, nil
	case power, nothing:
	case trim:
		err = t.trim(ctx, c.frame[ataSize:ataSize+sector])
	case flush:
		err = t.flush(ctx)
	default:
		return 0, errorAborted, nil
	}
	return n, failureOf(err), err
}

// transfer reads or writes what a command asks for.
func (t *Target) transfer(ctx context.Context, c *command, data []byte) error {
	if c.changes() {
		return t.write(ctx, c, data)
	}
	return t.Device.Read(ctx, data, int64(c.first)*sector)
}

// failureOf is the error register for a device's error.
func failureOf(err error) uint8 {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, block.ErrOutOfRange):
		return errorNotFound
	case errors.Is(err, block.ErrReadOnly), errors.Is(err, block.ErrGone):
		return errorAborted
	}
	return errorMedium
}

// write writes. What isn't durable yet is bounded: from half of that on it is
// flushed meanwhile, and who reaches it waits.
func (t *Target) write(ctx context.Context, c *command, data []byte) error {
	off := int64(c.first) * sector
	if c.kind == writeFUA {
		return t.Device.Write(ctx, data, off, block.FUA)
	}
	if err := t.flushFrom(ctx, t.bounds.Dirty); err != nil {
		return err
	}
	if err := t.Device.Write(ctx, data, off, 0); err != nil {
		return err
	}
	if t.dirty.Add(int64(len(data))) >= t.bounds.Dirty/2 {
		select {
		case t.full <- struct{}{}:
		default:
		}
	}
	return nil
}

// trim gives back the ranges of a DATA SET MANAGEMENT command: 48 bits of
// address and 16 of length each.
func (t *Target) trim(ctx context.Context, data []byte) error {
	if !t.trims() {
		return block.ErrReadOnly
	}
	sectors := uint64(t.Device.Size()) / sector
	for ; len(data) >= 8; data = data[8:] {
		v := binary.LittleEndian.Uint64(data)
		first, n := v&(1<<48-1), v>>48
		if n == 0 {
			continue
		}
		if first > sectors || n > sectors-first {
			return block.ErrOutOfRange
		}
		if err := t.Device.Trim(ctx, int64(first)*sector, int64(n)*sector); err != nil {
			return err
		}
	}
	return nil
}

func (k kind) String() string {
	return [...]string{"unknown", "read", "write", "write", "verify", "flush", "trim", "identify", "power", "nothing"}[k]
}
