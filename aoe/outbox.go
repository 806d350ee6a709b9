package aoe

import (
	"errors"
	"slices"
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
	answers []answer
	mapped  int        // of them have a body
	given   []*command // to workers, by send

	heads, bodies [][]byte   // room for what is sent
	commands      []*command // room for what is done
}

// answer is that of a target to a command.
type answer struct {
	target  *Target
	command *command
	body    []byte // data in the disk's mapping that follows, or nil
}

func (o *outbox) add(t *Target, c *command, body []byte) {
	o.answers = append(o.answers, answer{t, c, body})
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
	return o.mapped+batch > t.bounds.Buffers || slices.ContainsFunc(o.answers, func(a answer) bool {
		return a.body != nil && a.target == t && c.follows(a.command)
	})
}

// send sends all. Commands whose data can't be sent from the mapping are left to
// their targets' workers.
func (o *outbox) send(v *service) {
	mapped := o.mapped > 0
	if mapped {
		o.distrust()
	}
	for sent := 0; sent < len(o.answers); {
		n, err := o.sendFrom(v, sent)
		for end := sent + n; sent < end; sent++ {
			o.answers[sent].report()
		}
		if err == nil || sent == len(o.answers) {
			continue
		}
		if a := o.answers[sent]; a.body != nil && errors.Is(err, syscall.EFAULT) {
			o.askDevice(sent)
		} else {
			a.report()
			a.target.dropped(MAC(a.command.answer[:6]), err.Error())
			sent++
		}
	}
	if mapped {
		o.done()
	}
}

func (o *outbox) sendFrom(v *service, first int) (int, error) {
	o.heads, o.bodies = o.heads[:0], o.bodies[:0]
	for _, a := range o.answers[first:] {
		o.heads, o.bodies = append(o.heads, a.command.answer), append(o.bodies, a.body)
	}
	if o.mapped == 0 {
		return v.link.Send(o.heads)
	}
	return v.gathers.sendParts(o.heads, o.bodies)
}

// report tells of a command that nothing was done for but sending.
func (a answer) report() {
	if a.body != nil {
		a.target.report(a.command, 0, 0, nil)
	}
}

// distrust takes out what is of files that were cut.
func (o *outbox) distrust() {
	var whole *Target
	for i, a := range slices.Backward(o.answers) {
		switch {
		case a.body == nil || a.target == whole:
		case a.target.mapping.Whole():
			whole = a.target
		default:
			o.askDevice(i)
		}
	}
}

// askDevice takes a command out and leaves it to the workers of its target.
func (o *outbox) askDevice(i int) {
	a := o.answers[i]
	o.answers = slices.Delete(o.answers, i, i+1)
	o.mapped--
	o.given = append(o.given, a.command)
	a.target.queue.again(a.command)
}

// done takes what was read by mappings out of the queues. What isn't mapped
// any more may become memory of the heap, which nobody may point to.
func (o *outbox) done() {
	o.commands = o.commands[:0]
	for _, a := range o.answers {
		o.commands = append(o.commands, a.command)
	}
	var last *Target
	for i, a := range o.answers {
		if !a.command.mapped {
			continue
		}
		if a.target != last {
			last = a.target
			last.queue.done(o.commands...)
		}
		a.command.mapped, o.answers[i].body = false, nil
	}
	clear(o.bodies[:cap(o.bodies)]) // more than were sent last
}

// empty makes it ready for more.
func (o *outbox) empty() { o.answers, o.mapped, o.given = o.answers[:0], 0, o.given[:0] }
