package aoe

import (
	"runtime"
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
// workers of its target. It is in the hands of one goroutine at a time, the one
// that holds the token.
type receiver struct {
	*service
	token    handoff.Token
	watchdog handoff.Watchdog
	commands [batch]*command // with a buffer each
	frames   [batch][]byte   // of the commands
	at, n    int             // next of the frames that were read, and their number

	answers []*command // that wait for more before they are sent
	sending [][]byte   // room for them

	ended chan error
	wg    sync.WaitGroup // who held the token
}

func newReceiver(v *service) *receiver {
	r := &receiver{service: v, ended: make(chan error, 1)}
	r.token.Owner, r.token.Watchdog = r, &r.watchdog
	for i := range r.commands {
		r.commands[i] = v.command()
	}
	return r
}

// receive receives until the link is interrupted. It returns when nobody
// receives any more, though a command may still be under way: wg knows.
func (r *receiver) receive() error {
	stop, watching := make(chan struct{}), sync.WaitGroup{}
	watching.Go(func() { r.watchdog.Run(stop) })
	r.wg.Go(r.run)
	err := <-r.ended
	close(stop)
	watching.Wait()
	return err
}

// Tick implements handoff.Owner. Another goroutine receives where a command holds
// this one up, which keeps that command; answers of earlier ones are the other's.
func (r *receiver) Tick(taken bool) (pending bool) {
	if taken {
		r.commands[r.at-1] = r.command()
		r.wg.Go(r.run)
	}
	return false
}

// run receives as long as it holds the token.
func (r *receiver) run() {
	for {
		for r.at < r.n {
			c := r.commands[r.at]
			c.frame = r.frames[r.at]
			r.at++
			switch r.handle(c) {
			case queued:
				r.commands[r.at-1] = r.command()
			case lost:
				return
			}
		}
		r.flush()
		// A yield before it blocks finds the runtime awake when a frame comes (see
		// handoff.Token.End): with one command in flight twice as many are answered.
		runtime.Gosched()
		for i, c := range r.commands {
			r.frames[i] = c.buffer[:r.longest]
		}
		var err error
		r.at = 0
		if r.n, err = r.link.Recv(r.frames[:]); err != nil {
			r.ended <- err
			return
		}
	}
}

// outcome is what becomes of a command.
type outcome uint8

const (
	finished outcome = iota
	queued
	lost // the token is
)

// handle answers a request, or puts it into a queue.
func (r *receiver) handle(c *command) outcome {
	f := c.frame
	if !f.valid() || MAC(f[:6]) != r.mac && f[0]&1 == 0 {
		return finished
	}
	if f[6]&1 != 0 {
		return finished // a group is no sender; an answer would go to the whole wire
	}
	if f.shelf() == AnyShelf || f.slot() == AnySlot {
		r.everyone(f)
		return finished
	}
	t := r.targets[key(f.shelf(), f.slot())]
	if t == nil {
		return finished
	}
	if from := f.source(); t.masked(from) {
		t.refuse(from, "not on the mask list")
		return finished
	}
	if f.version() == version && f.command() == cmdATA {
		return r.ata(t, c)
	}
	r.reply(t, r.other(t, f))
	return finished
}

func (r *receiver) ata(t *Target, c *command) outcome {
	if len(c.frame) < ataSize {
		return finished
	}
	failure := t.parse(c, r.longest)
	if failure == 0 && c.kind != identify && t.conflicts(c.from) {
		failure = errReserved
	}
	if failure != 0 {
		r.reply(t, refusal(c.frame, failure))
		return finished
	}
	if t.quick(c) && t.queue.begin(c) {
		return r.executeInline(c)
	}
	if why := t.queue.put(c); why != "" {
		t.dropped(c.from, why)
		return finished
	}
	return queued
}

// executeInline does a command that the queue knows.
func (r *receiver) executeInline(c *command) outcome {
	no := r.token.Begin() // from here on all that is the receiver's may be another's
	c.target.execute(r.service, c)
	if !r.token.End(no) {
		r.finish(c)
		return lost
	}
	c.target.queue.done(c) // before it may be answered, which another could do
	if c.answer != nil {
		r.answers = append(r.answers, c)
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
