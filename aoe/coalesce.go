package aoe

import (
	"bytes"
	"time"
)

// Reads, or writes, of sectors that follow each other are done as one where they
// came together.

// coalesceMost is how much of a disk, in bytes, is read or written at once.
const coalesceMost = 64 << 10

// contiguous appends to a command those that were read after it and can be done as
// one with it: of the same initiator, and alike but for the tag and the sectors,
// which follow each other.
func (r *receiver) contiguous(t *Target, all []*command) []*command {
	first, last := all[0], all[0]
	if first.kind != read && first.kind != write {
		return all
	}
	for _, next := range r.commands[r.at:r.n] {
		if len(next.frame) < ataSize || !bytes.Equal(next.frame[:20], first.frame[:20]) || t.parse(next, r.longest) != 0 ||
			next.regs.command != first.regs.command || next.regs.flags != first.regs.flags ||
			next.first != last.last || (next.last-first.first)*sector > coalesceMost || len(all) == t.bounds.Buffers {
			break
		}
		all, last = append(all, next), next
	}
	return all
}

// executeAsOne is execute for contiguous commands. It does none of them if something
// is wrong: with which of them shows when each is done by itself.
func (t *Target) executeAsOne(v *service, all []*command) (ok bool) {
	whole := *all[0]
	whole.last = all[len(all)-1].last
	if !t.inside(&whole) {
		return false
	}
	room := v.joined.Get().(*[coalesceMost]byte)
	defer v.joined.Put(room)
	data := room[:(whole.last-whole.first)*sector]
	within := func(c *command) []byte { return data[(c.first-whole.first)*sector : (c.last-whole.first)*sector] }
	if whole.kind == write {
		for _, c := range all {
			copy(within(c), c.frame[ataSize:])
		}
	}
	start := time.Now()
	err := t.transfer(v.ctx, &whole, data)
	took := time.Since(start)
	if err != nil {
		return false
	}
	for _, c := range all {
		n := 0
		if c.kind == read {
			n = copy(c.buffer[ataSize:], within(c))
		}
		t.finish(v, c, n, took, 0, nil)
	}
	return true
}
