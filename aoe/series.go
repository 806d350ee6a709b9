package aoe

import "time"

// A series is several reads, or writes, of sectors that follow each other.

// series is those of the commands, from the first on, that are one.
func series(all []*command) []*command {
	n := 1
	for ; n < len(all); n++ {
		last, next := all[n-1], all[n]
		if next.first != last.last || (next.last-all[0].first)*sector > seriesMost {
			break
		}
	}
	return all[:n]
}

// finish answers commands, of which so many are done, and does the others first.
// That is for who was held up by them and has lost the token.
func (t *Target) finish(v *service, all []*command, done int, room []byte) {
	for {
		t.queue.done(all[:done]...)
		for _, c := range all[:done] {
			v.sendOf(c)
			v.free.Put(c)
		}
		if all = all[done:]; len(all) == 0 {
			return
		}
		done = len(series(all))
		t.carryOutAll(v, all[:done], room, time.Now())
	}
}

// carryOutAll does commands: one, or a series, for the data of which there is
// room. It begins now, and returns when it ended.
func (t *Target) carryOutAll(v *service, all []*command, room []byte, now time.Time) time.Time {
	if len(all) > 1 {
		if end, ok := t.together(v, all, room, now); ok {
			return end
		}
	}
	for _, c := range all {
		now = t.carryOut(v, c, now)
	}
	return now
}

// together does a series as one, or nothing at all if something is wrong with
// it: which of its commands that is shows when each is done by itself.
func (t *Target) together(v *service, all []*command, room []byte, start time.Time) (end time.Time, ok bool) {
	whole := command{kind: all[0].kind, regs: all[0].regs, first: all[0].first, last: all[len(all)-1].last}
	if !t.inside(&whole) {
		return start, false
	}
	room = room[:(whole.last-whole.first)*sector]
	var err error
	if whole.kind == write {
		for _, c := range all {
			copy(c.within(room, whole.first), c.frame[ataSize:])
		}
		err = t.write(v.ctx, &whole, room, int64(whole.first)*sector)
	} else {
		err = t.Device.Read(v.ctx, room, int64(whole.first)*sector)
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
			n = copy(c.buffer[ataSize:], c.within(room, whole.first))
		}
		t.report(c, took, 0, nil)
		c.makeAnswer(v.mac, t, n, 0)
	}
	return end, true
}

// within is a command's part of the data of a series that begins at a sector.
func (c *command) within(room []byte, first uint64) []byte {
	return room[(c.first-first)*sector : (c.last-first)*sector]
}
