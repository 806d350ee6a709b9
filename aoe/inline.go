package aoe

import (
	"bytes"
	"time"
)

// answersHeld is how many answers wait for more before they are sent.
const answersHeld = 16

// sameKind says how many commands are carried out in one go, from c on: writes by
// one initiator, or its reads of sectors that follow each other.
func (r *receiver) sameKind(t *Target, c *command) int {
	n, gaps := 1, 0
	if !c.plain() {
		return n
	}
	for last := c; n < r.n-r.first && n < t.bounds.Buffers; n++ {
		next := r.next(r.first + n)
		// All of the header but the tag.
		if len(next.frame) < ataSize || !bytes.Equal(next.frame[:20], c.frame[:20]) || t.parse(next, r.longest) != 0 ||
			next.regs.command != c.regs.command || next.regs.flags != c.regs.flags {
			break
		}
		if next.first != last.last {
			gaps++
		}
		if gaps == answersHeld || c.kind == read && gaps > 0 {
			break
		}
		last = next
	}
	return n
}

// executeInline does commands that the queue knows, one contiguous run after the
// other.
func (r *receiver) executeInline(t *Target, all []*command) outcome {
	joined, now := r.joined, time.Now()
	for first := 0; first < len(all); {
		part := contiguous(all[first:])
		no := r.token.Begin() // from here on all that is the receiver's may be another's
		now = t.executeAll(r.service, part, joined, now)
		if !r.token.End(no) {
			t.finish(r.service, all[first:], len(part), joined)
			return lost
		}
		r.first += len(part)
		t.queue.done(part...) // before it may be answered, which another could do
		for _, c := range part {
			if c.answer != nil {
				r.answers = append(r.answers, c)
			}
		}
		first += len(part)
	}
	if len(r.answers) >= answersHeld {
		r.flush()
	}
	return finished
}

// flush sends the answers that wait.
func (r *receiver) flush() {
	r.sending = r.sending[:0]
	for _, c := range r.answers {
		r.sending = append(r.sending, c.answer)
	}
	for sent := 0; sent < len(r.answers); {
		n, err := r.link.Send(r.sending[sent:])
		if sent += n; err != nil && sent < len(r.answers) {
			c := r.answers[sent]
			c.target.dropped(c.from, err.Error())
			sent++
		}
	}
	r.answers = r.answers[:0]
}
