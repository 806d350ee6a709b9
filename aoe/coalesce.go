package aoe

import "time"

// Several reads, or writes, of sectors that follow each other are done as one.

// coalesceMost is how much of a disk, in bytes, is read or written at once.
const coalesceMost = 64 << 10

// contiguous is those of the commands, from the first on, that can be done as one.
func contiguous(all []*command) []*command {
	n := 1
	for ; n < len(all); n++ {
		last, next := all[n-1], all[n]
		if next.first != last.last || (next.last-all[0].first)*sector > coalesceMost {
			break
		}
	}
	return all[:n]
}

// finish answers commands, of which so many are done, and does the others first.
// That is for who was held up by them and has lost the token.
func (t *Target) finish(v *service, all []*command, done int, joined []byte) {
	for {
		t.queue.done(all[:done]...)
		for _, c := range all[:done] {
			v.sendOf(c)
			v.free.Put(c)
		}
		if all = all[done:]; len(all) == 0 {
			return
		}
		done = len(contiguous(all))
		t.executeAll(v, all[:done], joined, time.Now())
	}
}

// executeAll does commands: one, or contiguous ones, for the data of which there is
// room. It begins now, and returns when it ended.
func (t *Target) executeAll(v *service, all []*command, joined []byte, now time.Time) time.Time {
	if len(all) > 1 {
		if end, ok := t.executeAsOne(v, all, joined, now); ok {
			return end
		}
	}
	for _, c := range all {
		now = t.execute(v, c, now)
	}
	return now
}

// executeAsOne does contiguous commands as one, or nothing at all if something is
// wrong: with which of them shows when each is done by itself.
func (t *Target) executeAsOne(v *service, all []*command, joined []byte, start time.Time) (end time.Time, ok bool) {
	whole := command{kind: all[0].kind, regs: all[0].regs, first: all[0].first, last: all[len(all)-1].last}
	if !t.inside(&whole) {
		return start, false
	}
	joined = joined[:(whole.last-whole.first)*sector]
	var err error
	if whole.kind == write {
		for _, c := range all {
			copy(c.within(joined, whole.first), c.frame[ataSize:])
		}
		err = t.write(v.ctx, &whole, joined, int64(whole.first)*sector)
	} else {
		err = t.Device.Read(v.ctx, joined, int64(whole.first)*sector)
	}
	end = time.Now()
	took := end.Sub(start)
	t.latency.of(whole.kind).Observe(took)
	if err != nil {
		return end, false
	}
	for _, c := range all {
		n := 0
		if c.kind == read {
			n = copy(c.buffer[ataSize:], c.within(joined, whole.first))
		}
		t.report(c, took, 0, nil)
		c.makeAnswer(v.mac, t, n, 0)
	}
	return end, true
}

// within is a command's part of the data of contiguous ones, which begins at a sector.
func (c *command) within(joined []byte, first uint64) []byte {
	return joined[(c.first-first)*sector : (c.last-first)*sector]
}
