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
		return c.regs.command != ataWriteFUA && t.dirty.Load() < t.bounds.Dirty && t.latency.of(write).Quick()
	case read:
		return t.latency.of(read).Quick()
	case identify, smart, power, nothing, unknown:
		return true
	}
	return false
}

// execute does a command and makes its answer, unless that is sent before. It
// begins now, and returns when it ended.
func (t *Target) execute(v *service, c *command, start time.Time) (end time.Time) {
	early := c.kind == write && c.regs.flags&ataAsync != 0 && t.inside(c) && !t.Device.Caps().ReadOnly
	if early {
		c.answerApart(v.mac, t)
		v.sendOf(c)
		c.answer = nil
		start = time.Now() // of the disk's part
	}
	n, failure, err := t.do(v.ctx, c)
	end = time.Now()
	took := end.Sub(start)
	if (c.kind == read || c.kind == write) && c.regs.command != ataWriteFUA {
		t.latency.of(c.kind).Observe(took)
	}
	t.report(c, took, failure, err)
	switch {
	case !early:
		c.makeAnswer(v.mac, t, n, failure)
	case failure != 0:
		t.late.Store(true)
	}
	return end
}

// makeAnswer makes the answer of a command, with n bytes of data, of its frame.
func (c *command) makeAnswer(from MAC, t *Target, n int, failure uint8) {
	c.answer = c.buffer[:ataSize+n]
	c.answer.answer(from, t.Shelf, t.Slot)
	status(c.answer, failure)
	if c.kind == power {
		c.answer[headerSize+2] = 0xff // active
	}
}

// answerApart makes the answer of a command that succeeds, without its data,
// and leaves its frame as it is.
func (c *command) answerApart(from MAC, t *Target) {
	c.answer = c.head[:]
	copy(c.answer, c.frame)
	c.answer.answer(from, t.Shelf, t.Slot)
	status(c.answer, 0)
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
	length := int(c.last-c.first) * sector
	off := int64(c.first) * sector
	switch c.kind {
	case read, write, verify:
		if !t.inside(c) {
			return 0, errorNotFound, nil
		}
	case identify:
		t.identify(data[:sector])
		return sector, 0, nil
	case smart:
		if n = smartData(c.regs.feature, data[:sector]); n < 0 {
			return 0, errorAborted, nil
		}
		return n, 0, nil
	case power, nothing:
		return 0, 0, nil
	}
	switch c.kind {
	case read:
		if err = t.Device.Read(ctx, data[:length], off); err == nil {
			return length, 0, nil
		}
	case write:
		err = t.write(ctx, c, data[:length], off)
	case verify:
		err = t.verify(ctx, off, length)
	case trim:
		err = t.trim(ctx, c.frame[ataSize:ataSize+sector])
	case flush:
		err = t.flush(ctx)
	default:
		return 0, errorAborted, nil
	}
	return 0, failureOf(err), err
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
func (t *Target) write(ctx context.Context, c *command, data []byte, off int64) error {
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

// verify reads and keeps nothing.
func (t *Target) verify(ctx context.Context, off int64, n int) error {
	buffer := make([]byte, min(n, 256*sector))
	return t.Device.Read(ctx, buffer, off)
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
