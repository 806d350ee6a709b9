package aoe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Link is an Ethernet interface.
type Link interface {
	// Recv reads one frame, header included. One goroutine calls it.
	Recv(b []byte) (int, error)
	// Send sends one frame. Several goroutines call it.
	Send(b []byte) error
	// Interrupt makes Recv return an error, now and from now on.
	Interrupt()
	// Address is the interface's own.
	Address() MAC
	// MTU is the most that follows the 14 bytes of the Ethernet header.
	MTU() int
}

// A Server serves targets on one interface.
type Server struct {
	Targets []*Target
	Hooks   Hooks
	Bounds  Bounds
}

// Bounds limit what initiators can take of each target. A zero is the default
// in brackets.
type Bounds struct {
	// Buffers is how many commands wait or are worked on [64]; initiators are
	// told.
	Buffers int
	// Workers is how many commands are worked on at the same time [4].
	Workers int
	// Dirty is how much, in bytes, is written before it is flushed [64 MiB].
	Dirty int64
	// FlushEvery is how long what is written may stay unflushed [5 s].
	FlushEvery time.Duration
}

func (b Bounds) withDefaults() Bounds {
	if b.Buffers <= 0 {
		b.Buffers = 64
	}
	b.Buffers = min(b.Buffers, 1<<15)
	if b.Workers <= 0 {
		b.Workers = 4
	}
	if b.Dirty <= 0 {
		b.Dirty = 64 << 20
	}
	if b.FlushEvery <= 0 {
		b.FlushEvery = 5 * time.Second
	}
	return b
}

// service is a server at work on a link.
type service struct {
	server  *Server
	link    Link
	mac     MAC
	longest int // frame
	sectors int // in one command
	targets map[uint32]*Target
	free    sync.Pool
	ctx     context.Context
}

func key(shelf uint16, slot uint8) uint32 { return uint32(shelf)<<8 | uint32(slot) }

// Serve tells all that the targets are there, and answers until ctx ends. Then
// it finishes what is under way, flushes, and returns nil. It returns an error
// when the link fails. The link stays open.
func (s *Server) Serve(ctx context.Context, l Link) error {
	v := &service{server: s, link: l, mac: l.Address(), longest: 14 + l.MTU(), targets: map[uint32]*Target{}}
	v.sectors = min((v.longest-ataSize)/sector, 255)
	if v.sectors < 1 {
		return fmt.Errorf("an MTU of %d bytes is too small for a sector", l.MTU())
	}
	bounds := s.Bounds.withDefaults()
	for _, t := range s.Targets {
		if v.targets[key(t.Shelf, t.Slot)] != nil {
			return fmt.Errorf("two targets have the address %s", t.Address())
		}
		if err := t.prepare(&s.Hooks, bounds); err != nil {
			return err
		}
		v.targets[key(t.Shelf, t.Slot)] = t
	}
	v.free.New = func() any { return &command{buffer: make([]byte, max(v.longest, configSize+maxConfig))} }
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	v.ctx = work
	defer context.AfterFunc(ctx, l.Interrupt)()
	var wg sync.WaitGroup
	v.start(&wg)
	for _, t := range s.Targets {
		if err := l.Send(t.advertisement(v.mac, v.sectors)); err != nil && s.Hooks.Dropped != nil {
			s.Hooks.Dropped(t, v.mac, "advertisement: "+err.Error())
		}
	}
	err := v.receive()
	for _, t := range s.Targets {
		t.queue.close()
	}
	// What is under way has a while to end.
	defer time.AfterFunc(bounds.FlushEvery, cancel).Stop()
	wg.Wait()
	for _, t := range s.Targets {
		err = errors.Join(err, t.flushDirty(work))
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// start starts the workers of all targets.
func (v *service) start(wg *sync.WaitGroup) {
	for _, t := range v.server.Targets {
		ended := make(chan struct{})
		var workers sync.WaitGroup
		for range t.bounds.Workers {
			workers.Go(func() { v.work(t) })
		}
		wg.Go(func() { workers.Wait(); close(ended) })
		wg.Go(func() { t.flushNowAndThen(v.ctx, ended) })
	}
}

func (t *Target) flushDirty(ctx context.Context) error {
	if t.dirty.Swap(0) == 0 {
		return nil
	}
	if err := t.Device.Flush(ctx); err != nil {
		t.late.Store(true)
		return fmt.Errorf("flush of %s: %w", t.Address(), err)
	}
	return nil
}

func (t *Target) flushNowAndThen(ctx context.Context, ended <-chan struct{}) {
	tick := time.NewTicker(t.bounds.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = t.flushDirty(ctx) // told by the next FLUSH CACHE
		case <-ended:
			return
		}
	}
}

// work carries out a target's commands.
func (v *service) work(t *Target) {
	send := func(f frame) { v.send(t, f) }
	for {
		c := t.queue.take()
		if c == nil {
			return
		}
		if answer := t.carryOut(v.ctx, c, v.mac, send); answer != nil {
			// A repetition that comes from now on is a command of its own.
			t.queue.done(c)
			send(answer)
		} else {
			t.queue.done(c)
		}
		v.free.Put(c)
	}
}

func (v *service) send(t *Target, f frame) {
	if err := v.link.Send(f); err != nil && v.server.Hooks.Dropped != nil {
		v.server.Hooks.Dropped(t, MAC(f[:6]), err.Error())
	}
}

// receive reads frames until the link is interrupted.
func (v *service) receive() error {
	c := v.free.Get().(*command)
	for {
		n, err := v.link.Recv(c.buffer[:v.longest])
		if err != nil {
			return err
		}
		c.frame = c.buffer[:min(n, v.longest)]
		if c.frame.valid() && (MAC(c.frame[:6]) == v.mac || c.frame[0]&1 != 0) && v.handle(c) {
			c = v.free.Get().(*command)
		}
	}
}

// handle answers a request, or puts it into a queue and says so.
func (v *service) handle(c *command) (kept bool) {
	f := c.frame
	if f.shelf() == AnyShelf || f.slot() == AnySlot {
		v.everyone(f)
		return false
	}
	t := v.targets[key(f.shelf(), f.slot())]
	if t == nil {
		return false
	}
	from := f.source()
	if !t.listens(from) {
		t.refuse(from, "not on the mask list")
		return false
	}
	switch {
	case f.version() != version:
		v.fail(t, f, errVersion)
	case f.command() == cmdATA:
		return v.ata(t, c)
	case f.command() == cmdConfig:
		v.config(t, f, false)
	case f.command() == cmdMask:
		v.reply(t, t.maskList(f, v.longest))
	case f.command() == cmdReserve:
		v.reply(t, t.reserve(f, v.longest))
	default:
		v.fail(t, f, errCommand)
	}
	return false
}

func (v *service) ata(t *Target, c *command) (kept bool) {
	from := c.frame.source()
	if !t.free(from) {
		v.fail(t, c.frame, errReserved)
		return false
	}
	if failure := t.admit(c, v.longest); failure != 0 {
		v.fail(t, c.frame, failure)
		return false
	}
	if why := t.queue.put(c); why != "" {
		if t.hooks.Dropped != nil {
			t.hooks.Dropped(t, from, why)
		}
		return false
	}
	return true
}

// everyone answers a question to more than one target. Only questions about
// the configuration are for all.
func (v *service) everyone(f frame) {
	if f.version() != version || f.command() != cmdConfig {
		return
	}
	for _, t := range v.server.Targets {
		if (f.shelf() == AnyShelf || f.shelf() == t.Shelf) && (f.slot() == AnySlot || f.slot() == t.Slot) && t.listens(f.source()) {
			own := v.free.Get().(*command)
			v.config(t, own.buffer[:copy(own.buffer, f)], true)
			v.free.Put(own)
		}
	}
}

func (v *service) config(t *Target, f frame, all bool) {
	from := f.source()
	answer := t.queryConfig(f, all, v.sectors)
	if answer != nil && t.hooks.Discovered != nil {
		t.hooks.Discovered(t, from)
	}
	v.reply(t, answer)
}

// reply sends an answer that was made of its request, if there is one.
func (v *service) reply(t *Target, f frame) {
	if f == nil {
		return
	}
	failed, number := f[14]&flagError, f[15]
	if failed != 0 {
		t.refuse(f.source(), failures[number])
	}
	f.answer(v.mac, t.Shelf, t.Slot)
	f[14] |= failed
	if failed != 0 {
		f[15] = number
	}
	v.send(t, f)
}

func (v *service) fail(t *Target, f frame, number uint8) {
	f.fail(number)
	v.reply(t, f)
}

func (t *Target) refuse(from MAC, why string) {
	if t.hooks.Refused != nil {
		t.hooks.Refused(t, from, why)
	}
}

var failures = [256]string{errCommand: "unrecognized command code", errArgument: "bad argument parameter",
	errUnavailable: "device unavailable", errConfigString: "config string present",
	errVersion: "unsupported version", errReserved: "target is reserved"}
