package aoe

import "time"

// A series is several reads, or writes, of sectors that follow each other.

// carryOutAll does commands: one, or a series, for the data of which there is
// room.
func (t *Target) carryOutAll(v *service, all []*command, room []byte) {
	if len(all) > 1 && t.together(v, all, room) {
		return
	}
	for _, c := range all {
		t.carryOut(v, c)
	}
}

// together does a series as one, or nothing at all if something is wrong with
// it: which of its commands that is shows when each is done by itself.
func (t *Target) together(v *service, all []*command, room []byte) bool {
	whole := command{kind: all[0].kind, regs: all[0].regs, first: all[0].first, last: all[len(all)-1].last}
	if !t.inside(&whole) {
		return false
	}
	room = room[:(whole.last-whole.first)*sector]
	start := time.Now()
	var err error
	if whole.kind == write {
		for _, c := range all {
			copy(c.within(room, whole.first), c.frame[ataSize:])
		}
		err = t.write(v.ctx, &whole, room, int64(whole.first)*sector)
	} else {
		err = t.Device.Read(v.ctx, room, int64(whole.first)*sector)
	}
	took := time.Since(start)
	t.pace.of(whole.kind).Took(took)
	if err != nil {
		return false
	}
	for _, c := range all {
		n := 0
		if c.kind == read {
			n = copy(c.buffer[ataSize:], c.within(room, whole.first))
		}
		t.report(c, took, 0, nil)
		c.makeAnswer(v.mac, t, n, 0)
	}
	return true
}

// within is a command's part of the data of a series that begins at a sector.
func (c *command) within(room []byte, first uint64) []byte {
	return room[(c.first-first)*sector : (c.last-first)*sector]
}
