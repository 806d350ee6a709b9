package aoe

import (
	"runtime"
	"sync"

	"github.com/spurboot/spur/block/handoff"
)

// batch is the most frames that are read, or sent, at once.
const batch = 32

// receiver reads frames and carries out inline what is quick; the rest is for the
// workers of its target. It is in the hands of one goroutine at a time, the one
// that holds the token.
type receiver struct {
	*service
	token    handoff.Token
	watchdog handoff.Watchdog
	commands [batch]*command // with a buffer each
	frames   [batch][]byte   // of the commands
	first    int             // of the commands that are under way
	at, n    int             // next of the frames that were read, and their number
	joined   []byte          // room for the data of commands that are done as one

	answers []*command // that wait for more before they are sent
	sending [][]byte   // room for them

	ended chan error
	wg    sync.WaitGroup // who held the token
}

func newReceiver(v *service) *receiver {
	r := &receiver{service: v, ended: make(chan error, 1), joined: make([]byte, coalesceMost)}
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

// Tick implements handoff.Owner: another goes on where a command holds up the
// receiver.
func (r *receiver) Tick(taken bool) (pending bool) {
	if taken {
		r.takeOver()
	}
	return false
}

// takeOver has another goroutine receive. The one that is held up keeps its
// commands and the room for their data; answers of earlier ones are the other's.
func (r *receiver) takeOver() {
	for i := r.first; i < r.at; i++ {
		r.giveAway(i)
	}
	r.joined = make([]byte, coalesceMost)
	r.wg.Go(r.run)
}

// giveAway leaves a command to who has it, and takes another in its place.
func (r *receiver) giveAway(i int) { r.commands[i] = r.command() }

// run receives as long as it holds the token.
func (r *receiver) run() {
	for {
		for r.at < r.n {
			r.first = r.at
			r.at++
			switch r.handle(r.next(r.first)) {
			case queued:
				r.giveAway(r.first)
			case lost:
				return
			}
		}
		r.flush()
		// Who yields before it blocks isn't taken the processor away from in the
		// midst of system calls (see handoff.Token.End), and finds the runtime awake
		// when a frame comes: with one command in flight twice as many are answered.
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

// next is the command with a frame that was read.
func (r *receiver) next(i int) *command {
	c := r.commands[i]
	c.frame = r.frames[i]
	return c
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
	if t.quick(c) {
		var same [batch]*command
		all := same[:copy(same[:], r.commands[r.first:r.first+r.sameKind(t, c)])]
		if t.queue.begin(all...) {
			r.at = r.first + len(all) // all of which are another's if the token is
			return r.executeInline(t, all)
		}
	}
	if why := t.queue.put(c); why != "" {
		t.dropped(c.from, why)
		return finished
	}
	return queued
}
