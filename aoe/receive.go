package aoe

import (
	"sync"

	"github.com/spurboot/spur/block/handoff"
)

const (
	// batch is the most frames that are read, or sent, at once.
	batch = 32
	// answersHeld is how many answers wait for more before they are sent.
	answersHeld = 16
)

// receiver reads frames and carries out inline what is quick; the rest is for the
// workers of its target. One goroutine at a time runs it, the one that holds the
// token. A command that was taken out of it belongs to whoever carries it out, so
// that nothing needs to be shared when the token goes to another goroutine.
type receiver struct {
	*service
	token    handoff.Token
	watchdog handoff.Watchdog

	commands [batch]*command // with a buffer each; nil if it was taken out
	frames   [batch][]byte   // of the commands
	at, n    int             // next of the frames that were read, and their number

	answers []*command // carried out, and to be answered together
	sending [][]byte   // room for their frames

	ended chan error
	wg    sync.WaitGroup // who held the token
}

// receive receives until the link is interrupted. It returns when nobody
// receives any more, though a command may still be under way: wg knows.
func (r *receiver) receive() error {
	r.token.Owner, r.token.Watchdog, r.ended = r, &r.watchdog, make(chan error, 1)
	stop, watching := make(chan struct{}), sync.WaitGroup{}
	watching.Go(func() { r.watchdog.Run(stop) })
	r.wg.Go(r.run)
	defer watching.Wait()
	defer close(stop)
	return <-r.ended
}

// Tick implements handoff.Owner: where a command holds up the goroutine that
// receives, another one goes on.
func (r *receiver) Tick(taken bool) (pending bool) {
	if taken {
		r.wg.Go(r.run)
	}
	return false
}

// run receives as long as it holds the token.
func (r *receiver) run() {
	for {
		for r.at < r.n {
			if !r.handle(r.take()) {
				return
			}
		}
		r.sendAnswers()
		if err := r.read(); err != nil {
			r.ended <- err
			return
		}
	}
}

// read waits for frames, and reads each into the buffer of a command.
func (r *receiver) read() (err error) {
	for i, c := range r.commands {
		if c == nil {
			c = r.free.Get().(*command)
			r.commands[i] = c
		}
		r.frames[i] = c.buffer[:r.longest]
	}
	r.at = 0
	r.n, err = r.link.Recv(r.frames[:])
	for i, c := range r.commands[:r.n] {
		c.frame = r.frames[i]
	}
	return err
}

// take takes out the next command that was read.
func (r *receiver) take() *command {
	c := r.commands[r.at]
	r.commands[r.at] = nil
	r.at++
	return c
}

// handle answers a request, or puts it into a queue. It says whether the token is
// still held.
func (r *receiver) handle(c *command) (held bool) {
	switch t := r.addressee(c.frame); {
	case t == nil:
	case c.frame.version() == version && c.frame.command() == cmdATA && len(c.frame) >= ataSize:
		return r.ata(t, c)
	default:
		r.reply(t, r.other(t, c.frame))
	}
	r.free.Put(c)
	return true
}

// addressee is the target that has to answer a frame, or nil. A question to more
// than one target is answered here.
func (r *receiver) addressee(f frame) *Target {
	if !f.valid() || MAC(f[:6]) != r.mac && f[0]&1 == 0 {
		return nil
	}
	if f[6]&1 != 0 {
		return nil // a group is no sender; an answer would go to the whole wire
	}
	if f.shelf() == AnyShelf || f.slot() == AnySlot {
		r.everyone(f)
		return nil
	}
	t := r.targets[key(f.shelf(), f.slot())]
	if t != nil && t.masked(f.source()) {
		t.refuse(f.source(), "not on the mask list")
		return nil
	}
	return t
}

// ata is handle for ATA commands.
func (r *receiver) ata(t *Target, c *command) (held bool) {
	failure := t.parse(c, r.longest)
	if failure == 0 && c.kind != identify && t.conflicts(c.from) {
		failure = errReserved
	}
	if failure != 0 {
		r.reply(t, refusal(c.frame, failure))
		r.free.Put(c)
		return true
	}
	if t.quick(c) {
		var room [batch]*command
		if all := r.contiguous(t, append(room[:0], c)); t.queue.begin(all...) {
			return r.inline(t, all)
		}
	}
	if !t.queue.put(c) {
		r.free.Put(c) // it comes again
	}
	return true
}

// inline carries out contiguous commands, of which only the first one has been
// taken out.
func (r *receiver) inline(t *Target, all []*command) (held bool) {
	for range all[1:] {
		r.take()
	}
	no := r.token.Begin() // from here on the receiver may be another's
	if len(all) == 1 || !t.executeAsOne(r.service, all) {
		for _, c := range all {
			t.execute(r.service, c)
		}
	}
	held = r.token.End(no)
	// Before they are answered: a repetition that comes after that is a command of
	// its own.
	t.queue.done(all...)
	if !held {
		for _, c := range all {
			r.answer(c)
		}
		return false
	}
	if r.answers = append(r.answers, all...); len(r.answers) >= answersHeld {
		r.sendAnswers()
	}
	return true
}

// sendAnswers sends the answers that wait.
func (r *receiver) sendAnswers() {
	r.sending = r.sending[:0]
	for _, c := range r.answers {
		r.sending = append(r.sending, c.answer)
	}
	r.link.Send(r.sending)
	for _, c := range r.answers {
		r.free.Put(c)
	}
	r.answers = r.answers[:0]
}
