package aoe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spurboot/spur/block"
)

// A Server serves targets on one interface.
type Server struct {
	Targets []*Target
	Hooks   Hooks
	Bounds  Bounds
}

// Bounds limit what initiators can take of each target. A zero is the default
// in brackets.
type Bounds struct {
	// Buffers is how many commands of one initiator wait or are worked on [64],
	// and those of all are twice as many; initiators are told.
	Buffers int
	// Workers is how many commands are worked on at the same time [4].
	Workers int
	// Dirty is how much, in bytes, is written before it is flushed [64 MiB].
	Dirty int64
	// FlushEvery is how long what is written may stay unflushed [5 s].
	FlushEvery time.Duration
}

func (b Bounds) withDefaults() Bounds {
	return Bounds{
		Buffers:    min(cmp.Or(max(b.Buffers, 0), 64), 1<<15),
		Workers:    cmp.Or(max(b.Workers, 0), 4),
		Dirty:      cmp.Or(max(b.Dirty, 0), 64<<20),
		FlushEvery: cmp.Or(max(b.FlushEvery, 0), 5*time.Second),
	}
}

// service is a server at work on a link.
type service struct {
	server  *Server
	link    Link
	mac     MAC
	longest int // frame
	sectors int // in one command
	targets map[uint32]*Target
	free    sync.Pool // of *command
	joined  sync.Pool // of *[coalesceMost]byte, the data of commands that are done as one
	ctx     context.Context
}

func key(shelf uint16, slot uint8) uint32 { return uint32(shelf)<<8 | uint32(slot) }

// ListenAndServe serves a disk as e0.0 to everyone on an interface, such as "eth0",
// until ctx ends. A Server has more to set.
func ListenAndServe(ctx context.Context, name string, disk block.Device) error {
	return (&Server{Targets: []*Target{{Device: disk}}}).ListenAndServe(ctx, name)
}

// ListenAndServe serves on an interface, such as "eth0", until ctx ends, as Serve
// does.
func (s *Server) ListenAndServe(ctx context.Context, name string) error {
	link, err := Open(name)
	if err != nil {
		return err
	}
	return errors.Join(s.Serve(ctx, link), link.Close())
}

// Serve tells all that the targets are there, and answers until ctx ends. Then
// it finishes what is under way, flushes, and returns nil, or why a flush
// failed. It returns an error when the link fails. The link stays open.
func (s *Server) Serve(ctx context.Context, l Link) error {
	v, err := s.prepare(l)
	if err != nil {
		return err
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	v.ctx = work
	receiving, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(ctx, l.Interrupt)()
	workers := v.start(receiving.Done())
	for _, t := range s.Targets {
		v.link.Send([][]byte{t.advertisement(v.mac, v.sectors)})
	}
	receiver := &receiver{service: v}
	err = receiver.receive()
	if ctx.Err() != nil {
		err = nil
	}
	stop()
	for _, t := range s.Targets {
		t.queue.close()
	}
	// What is under way has a while to end.
	defer time.AfterFunc(s.Bounds.withDefaults().FlushEvery, cancel).Stop()
	receiver.wg.Wait()
	workers.Wait()
	for _, t := range s.Targets {
		err = errors.Join(err, t.flushFrom(work, 1))
	}
	return err
}

// prepare makes everything ready for a link.
func (s *Server) prepare(l Link) (*service, error) {
	v := &service{server: s, link: l, mac: l.Address(), longest: 14 + l.MTU(), targets: map[uint32]*Target{}}
	v.sectors = min((v.longest-ataSize)/sector, 255)
	if v.sectors < 1 {
		return nil, fmt.Errorf("an MTU of %d bytes is too small for a sector", l.MTU())
	}
	for _, t := range s.Targets {
		if v.targets[key(t.Shelf, t.Slot)] != nil {
			return nil, fmt.Errorf("two targets have the address %s", t.Address())
		}
		if err := t.prepare(&s.Hooks, s.Bounds.withDefaults()); err != nil {
			return nil, err
		}
		v.targets[key(t.Shelf, t.Slot)] = t
	}
	v.joined.New = func() any { return new([coalesceMost]byte) }
	v.free.New = func() any { return &command{buffer: make([]byte, max(v.longest, configSize+maxConfig))} }
	return v, nil
}

// start starts the workers of all targets, and the flushing until frames are
// received no more.
func (v *service) start(over <-chan struct{}) *sync.WaitGroup {
	all := &sync.WaitGroup{}
	for _, t := range v.server.Targets {
		for range t.bounds.Workers {
			all.Go(func() { v.work(t) })
		}
		all.Go(func() { t.flushPeriodically(v.ctx, over) })
	}
	return all
}

// work carries out the commands in a target's queue.
func (v *service) work(t *Target) {
	for {
		c := t.queue.take()
		if c == nil {
			return
		}
		t.execute(v, c)
		t.queue.done(c) // before it is answered: see inline
		v.answer(c)
	}
}

// answer sends the answer of a command that is over.
func (v *service) answer(c *command) {
	c.one[0] = c.answer
	v.link.Send(c.one[:])
	v.free.Put(c)
}

// other answers a request that is no ATA command, or returns nil for silence.
func (v *service) other(t *Target, f frame) frame {
	switch {
	case f.version() != version:
		return refusal(f, errVersion)
	case f.command() == cmdATA:
		return nil // cut short
	case f.command() == cmdConfig:
		return t.queryConfig(f, false, v.sectors)
	case f.command() == cmdMask:
		return t.maskList(f, v.longest)
	case f.command() == cmdReserve:
		return t.reserve(f, v.longest)
	}
	return refusal(f, errCommand)
}

// everyone answers a question to more than one target. Only questions about
// the configuration are for all.
func (v *service) everyone(f frame) {
	if f.version() != version || f.command() != cmdConfig {
		return
	}
	for _, t := range v.server.Targets {
		if (f.shelf() == AnyShelf || f.shelf() == t.Shelf) && (f.slot() == AnySlot || f.slot() == t.Slot) && !t.masked(f.source()) {
			own := v.free.Get().(*command)
			v.reply(t, t.queryConfig(own.buffer[:copy(own.buffer, f)], true, v.sectors))
			v.free.Put(own)
		}
	}
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
	if failed != 0 {
		f.fail(number)
	}
	v.link.Send([][]byte{f})
}

// refusal makes a request an answer that says an error. Of what the request
// carries, only the command is sent back.
func refusal(f frame, number uint8) frame {
	f.fail(number)
	return f[:min(len(f), ataSize)]
}

func (t *Target) refuse(from MAC, why string) {
	if t.hooks.Refused != nil {
		t.hooks.Refused(t, from, why)
	}
}

var failures = [256]string{errCommand: "unrecognized command code", errArgument: "bad argument parameter",
	errConfigString: "config string present",
	errVersion:      "unsupported version", errReserved: "target is reserved"}
