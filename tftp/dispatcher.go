package tftp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// A dispatcher is a Server at work on one socket.
type dispatcher struct {
	server    *Server
	listener  *listener
	transfers *transferTable
	running   sync.WaitGroup
	cache     *blockCache
}

// run reads packets until the socket fails.
func (d *dispatcher) run(ctx context.Context) error {
	buf := make([]byte, 1<<16)
	for {
		in, err := d.listener.read(buf)
		if err != nil {
			return fmt.Errorf("tftp: %w", err)
		}
		d.handle(ctx, in)
	}
}

// handle judges one packet.
func (d *dispatcher) handle(ctx context.Context, in incoming) {
	if len(in.packet) >= 2 {
		switch op := uint16(in.packet[0])<<8 | uint16(in.packet[1]); op {
		case opRead, opWrite:
			d.request(ctx, in)
			return
		case opData, opAck, opError, opOACK:
			d.stray(in, op)
			return
		}
	}
	d.malformed(in, errors.New("unknown opcode"))
}

func (d *dispatcher) malformed(in incoming, err error) {
	if d.server.Hooks.Malformed != nil {
		d.server.Hooks.Malformed(in.remote, err)
	}
	d.listener.answer(in, &Error{CodeIllegalOperation, "illegal TFTP operation"})
}

// stray handles packets that belong to a transfer. With a single port they go
// to it; else, or if there is none, they have lost their way. An ERROR is
// never answered with one (RFC 1350 section 7).
func (d *dispatcher) stray(in incoming, op uint16) {
	if d.server.SinglePort && d.transfers.deliver(in.remote, in.packet) {
		return
	}
	if op != opError {
		d.listener.answer(in, errTID)
	}
}

// request starts a transfer, or doesn't.
func (d *dispatcher) request(ctx context.Context, in incoming) {
	r, err := ParseRequest(in.packet)
	if err != nil {
		d.malformed(in, err)
		return
	}
	r.Remote = in.remote
	r.Local, r.Interface = d.listener.asked(in)
	ctx, cancel := context.WithCancelCause(ctx)
	t := &transfer{dispatcher: d, request: r, cancel: cancel, out: singlePort{udpWriter: d.listener.reply(in)}}
	t.firstPacket.opensLate = in.remote.Addr().Is6() && !d.server.SinglePort
	entry, old := d.transfers.enter(t)
	if entry != isNew {
		cancel(nil)
	}
	switch entry {
	case isDuplicate:
		old.firstPacket.requestedAgain()
	case isFull:
		d.refuse(t, errBusy, errors.New("as many transfers as allowed are running"))
	case isGreedy:
		d.refuse(t, errShare, errors.New("the client's address has as many transfers as one may have"))
	case isNew:
		d.running.Add(1)
		go func() {
			defer d.running.Done()
			defer cancel(nil)
			defer d.transfers.leave(t)
			defer d.survive(t)
			t.run(ctx)
		}()
	}
}

// survive ends a transfer that panicked, so that it takes no other with it.
func (d *dispatcher) survive(t *transfer) {
	value := recover()
	if value == nil {
		return
	}
	stack := debug.Stack()
	t.out.error(&Error{CodeUndefined, "internal error"})
	if d.server.Hooks.Panicked != nil {
		d.server.Hooks.Panicked(t.request, value, stack)
	}
}

func (d *dispatcher) refuse(t *transfer, answer *Error, err error) {
	t.out.error(answer)
	if d.server.Hooks.Refused != nil {
		d.server.Hooks.Refused(t.request, answer, err)
	}
}
