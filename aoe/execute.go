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
	c.target, c.tag, c.from = t, c.frame.tag(), c.frame.source()
	c.regs = decodeRegisters(c.frame[headerSize:])
	c.kind = c.regs.kind()
	c.first, c.last = 0, 0
	n := c.regs.sectors(c.kind)
	switch c.kind {
	case read, write:
		if n == 0 || ataSize+n*sector > int64(longest) {
			return errArgument
		}
		if c.kind == write && int64(len(c.frame)) < ataSize+n*sector {
			return errArgument
		}
		fallthrough
	case verify:
		c.first, c.last = c.regs.lba, c.regs.lba+uint64(n)
	case trim:
		if len(c.frame) < ataSize+sector || n != 1 {
			return errArgument
		}
		c.last = 1 << 63 // its ranges are in the data
	case identify, smart:
		if ataSize+sector > longest {
			return errArgument
		}
	}
	return 0
}

// quick says whether a command isn't expected to take long.
func (t *Target) quick(c *command) bool {
	switch c.kind {
	case write:
		return c.regs.command != ataWriteFUA && t.dirty.Load() < t.bounds.Dirty && t.writes.Quick()
	case read:
		return t.reads.Quick()
	case identify, smart, power, nothing, unknown:
		return true
	}
	return false
}

// executeOne carries out a command and makes its answer.
func (t *Target) executeOne(v *service, c *command) {
	start := time.Now()
	n, failure, err := t.do(v.ctx, c)
	t.finish(v, c, n, time.Since(start), failure, err)
}

// finish makes the answer of a command, with n bytes of data, of its frame.
func (t *Target) finish(v *service, c *command, n int, took time.Duration, failure uint8, err error) {
	switch {
	case c.kind == read:
		t.reads.Observe(took)
	case c.kind == write && c.regs.command != ataWriteFUA:
		t.writes.Observe(took)
	}
	t.report(c, took, failure, err)
	c.answer = c.buffer[:ataSize+n]
	c.answer.answer(v.mac, t.Shelf, t.Slot)
	status(c.answer, failure)
	if c.kind == power {
		c.answer[headerSize+2] = 0xff // active
	}
}

func (t *Target) report(c *command, took time.Duration, failure uint8, err error) {
	if t.hooks.Command != nil {
		t.hooks.Command(t, c.from, Command{Name: c.kind.String(), Code: c.regs.command, LBA: c.regs.lba,
			Sectors: int(c.regs.count), Duration: took, Failed: failure != 0, Err: err})
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
	case read, write, verify:
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
	case smart:
		if n = smartData(c.regs.feature, data[:sector]); n < 0 {
			return 0, errorAborted, nil
		}
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
	if c.kind == write {
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
	if c.regs.command == ataWriteFUA {
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
	return [...]string{"unknown", "read", "write", "verify", "flush", "trim", "identify", "smart", "power", "nothing"}[k]
}
