package aoe

import (
	"errors"
	"syscall"
)

// A gatherer sends frames of two pieces each: what is in heads, and what is in
// bodies, if that isn't nil. Send says the rest. A body that can't be read is
// an error that wraps syscall.EFAULT.
type gatherer interface {
	sendParts(heads, bodies [][]byte) (int, error)
}

// An outbox has answers that wait for more before they are sent.
type outbox struct {
	heads, bodies [hold + batch][]byte
	of            [hold + batch]*command
	from          [hold + batch]*Target
	n             int
	mapped        int        // of them have a body
	given         []*command // to workers, by send
}

func (o *outbox) add(t *Target, c *command, body []byte) {
	o.heads[o.n], o.bodies[o.n], o.of[o.n], o.from[o.n] = c.answer, body, c, t
	o.n++
	if body != nil {
		o.mapped++
	}
}

// before says whether reads have to be sent before c can be carried out at
// once: those that may not see what it does, and those whose room it may need.
func (o *outbox) before(t *Target, c *command) bool {
	if o.mapped == 0 {
		return false
	}
	if o.mapped+batch > t.bounds.Buffers {
		return true
	}
	for i, body := range o.bodies[:o.n] {
		if body != nil && o.from[i] == t && c.follows(o.of[i]) {
			return true
		}
	}
	return false
}

// send sends all. Commands whose data can't be sent from the mapping are left to
// their targets' workers.
func (o *outbox) send(v *service) {
	mapped := o.mapped > 0
	if mapped {
		o.distrust()
	}
	for sent := 0; sent < o.n; {
		n, err := o.sendFrom(v, sent)
		for end := sent + n; sent < end; sent++ {
			o.report(sent)
		}
		switch {
		case err == nil || sent == o.n:
		case o.bodies[sent] != nil && errors.Is(err, syscall.EFAULT):
			o.askDevice(sent)
		default:
			o.report(sent)
			o.from[sent].dropped(MAC(o.heads[sent][:6]), err.Error())
			sent++
		}
	}
	if mapped {
		o.done()
	}
}

func (o *outbox) sendFrom(v *service, first int) (int, error) {
	if o.mapped == 0 {
		return v.link.Send(o.heads[first:o.n])
	}
	return v.gathers.sendParts(o.heads[first:o.n], o.bodies[first:o.n])
}

// report tells of a command that nothing was done for but sending.
func (o *outbox) report(i int) {
	if o.bodies[i] != nil {
		o.from[i].report(o.of[i], 0, 0, nil)
	}
}

// distrust takes out what is of files that were cut.
func (o *outbox) distrust() {
	var whole *Target
	for i := o.n - 1; i >= 0; i-- {
		switch t := o.from[i]; {
		case o.bodies[i] == nil || t == whole:
		case t.mapping.whole():
			whole = t
		default:
			o.askDevice(i)
		}
	}
}

// askDevice takes a command out and leaves it to the workers of its target.
func (o *outbox) askDevice(i int) {
	t, c := o.from[i], o.of[i]
	for k := i + 1; k < o.n; k++ {
		o.heads[k-1], o.bodies[k-1], o.of[k-1], o.from[k-1] = o.heads[k], o.bodies[k], o.of[k], o.from[k]
	}
	o.n--
	o.mapped--
	o.bodies[o.n] = nil
	o.given = append(o.given, c)
	t.queue.again(c)
}

// done takes what was read by mappings out of the queues. What isn't mapped
// any more may become memory of the heap, which nobody may point to.
func (o *outbox) done() {
	var last *Target
	for i, c := range o.of[:o.n] {
		if !c.mapped {
			continue
		}
		if o.from[i] != last {
			last = o.from[i]
			last.queue.done(o.of[:o.n]...)
		}
		c.mapped, o.bodies[i] = false, nil
	}
}

// empty makes it ready for more.
func (o *outbox) empty() { o.n, o.mapped, o.given = 0, 0, o.given[:0] }
