package aoe

import (
	"bytes"
	"sync"
	"time"

	"github.com/spurboot/spur/block/handoff"
)

const (
	// batch is the most frames that are read, or sent, at once.
	batch = 32
	// hold is how many answers wait for more before they are sent.
	hold = 16
	// seriesMost is how much of a disk, in bytes, is read or written at once.
	seriesMost = 64 << 10
)

// receiver reads frames and does what is quick at once; the rest is for the
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
	room     []byte          // for the data of a series

	answers []*command // that wait for more before they are sent
	sending [][]byte   // room for them

	ended chan error
	wg    sync.WaitGroup // who held the token
}

func newReceiver(v *service) *receiver {
	r := &receiver{service: v, ended: make(chan error, 1), room: make([]byte, seriesMost)}
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

func (r *receiver) takeOver() {
	for i := r.first; i < r.at; i++ {
		r.replace(i)
	}
	r.room = make([]byte, seriesMost)
	r.wg.Go(r.run)
}

// replace gives away a command.
func (r *receiver) replace(i int) { r.commands[i] = r.command() }

// run receives as long as it holds the token.
func (r *receiver) run() {
	for {
		for r.at < r.n {
			r.first = r.at
			r.at++
			switch r.handle(r.next(r.first)) {
			case kept:
				r.replace(r.first)
			case lost:
				return
			}
		}
		r.flush()
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
	kept             // by a queue
	lost             // the token is
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
	if from := f.source(); !t.listens(from) {
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
	failure := t.admit(c, r.longest)
	if failure == 0 && c.kind != identify && !t.free(c.from) {
		failure = errReserved
	}
	if failure != 0 {
		r.reply(t, refusal(c.frame, failure))
		return finished
	}
	if t.quick(c) {
		var group [batch]*command
		all := group[:copy(group[:], r.commands[r.first:r.first+r.group(t, c)])]
		if t.queue.begin(all...) {
			r.at = r.first + len(all) // all of which are another's if the token is
			return r.carryOut(t, all)
		}
	}
	if why := t.queue.put(c); why != "" {
		t.dropped(c.from, why)
		return finished
	}
	return kept
}

// group says how many commands are carried out in one go, from c on: writes by
// one initiator, or its reads of sectors that follow each other.
func (r *receiver) group(t *Target, c *command) int {
	n, gaps := 1, 0
	if !c.plain() {
		return n
	}
	for last := c; n < r.n-r.first && n < t.bounds.Buffers; n++ {
		next := r.next(r.first + n)
		// All of the header but the tag.
		if len(next.frame) < ataSize || !bytes.Equal(next.frame[:20], c.frame[:20]) || t.admit(next, r.longest) != 0 ||
			next.regs.command != c.regs.command || next.regs.flags != c.regs.flags {
			break
		}
		if next.first != last.last {
			gaps++
		}
		if gaps == hold || c.kind == read && gaps > 0 {
			break
		}
		last = next
	}
	return n
}

// carryOut does commands that the queue knows, with the token, one series after the
// other.
func (r *receiver) carryOut(t *Target, all []*command) outcome {
	room, now := r.room, time.Now()
	for first := 0; first < len(all); {
		part := series(all[first:])
		no := r.token.Begin() // from here on all that is the receiver's may be another's
		now = t.carryOutAll(r.service, part, room, now)
		if !r.token.End(no) {
			t.finish(r.service, all[first:], len(part), room)
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
	if len(r.answers) >= hold {
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
