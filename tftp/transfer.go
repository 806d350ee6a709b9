package tftp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
)

// A transfer is one request being served.
type transfer struct {
	*dispatcher
	request     *Request
	cancel      context.CancelCauseFunc
	out         singlePort  // the server's own socket
	silent      atomic.Bool // the client has left a retransmission unanswered
	firstPacket firstPacket
	number      uint64 // of those that were admitted
}

// waits reports whether nothing shows that the client is there: it has yet to
// acknowledge something, or is silent.
func (t *transfer) waits() bool { return t.firstPacket.isUnanswered() || t.silent.Load() }

func (t *transfer) run(ctx context.Context) {
	switch {
	case t.request.Op == Read && t.server.Read != nil:
		t.serveRead(ctx)
	case t.request.Op == Write && t.server.Write != nil:
		t.serveWrite(ctx)
	default:
		t.refuse(t, &Error{CodeAccessViolation, "access violation"}, fmt.Errorf("no %s requests are served", t.request.Op))
	}
}

// open makes the link of the transfer. size is that of the largest packet to
// be received.
func (t *transfer) open(ctx context.Context, agreed terms, size int) (link, func(), error) {
	if t.server.SinglePort {
		t.out.listen(ctx, size, agreed.windowSize+16)
		t.out.segment(headerSize + agreed.blockSize)
		return &t.out, func() {}, nil
	}
	s, err := dial(ctx, netip.AddrPortFrom(t.request.Local.Addr(), 0), t.request.Remote)
	if err != nil {
		return nil, nil, err
	}
	s.window(agreed)
	return s, s.close, nil
}

func (t *transfer) serveRead(ctx context.Context) {
	began := time.Now()
	f, err := t.server.Read(ctx, t.request)
	if err != nil {
		t.refuse(t, errorFor(err), err)
		return
	}
	defer f.Close()
	size := sizeOf(f)
	told := size
	if t.request.Mode == Netascii { // its size on the wire is known when it has been sent
		told = -1
	}
	agreed, oack := negotiate(t.request, told, t.server.limits())
	l, done, err := t.open(ctx, agreed, 1024)
	if err != nil {
		t.refuse(t, errorFor(err), fmt.Errorf("open a socket to answer from: %w", err))
		return
	}
	defer done()
	defer t.firstPacket.close()
	b := newBlocks(f, t.request.Mode, size, agreed.blockSize, agreed.windowSize, t.cache)
	defer b.close()
	public := t.public(agreed, f)
	s := newSender(t.exchange(l, agreed, public), b)
	s.serving = true
	reason, err := Completed, error(nil)
	if len(oack) > 0 {
		reason, err = s.offer(appendOACK(nil, oack))
	}
	if reason == Completed && err == nil {
		reason, err = s.run()
	}
	t.end(ctx, public, s.result(began), l, reason, err)
}

func (t *transfer) serveWrite(ctx context.Context) {
	began := time.Now()
	sink, err := t.server.Write(ctx, t.request)
	if err != nil {
		t.refuse(t, errorFor(err), err)
		return
	}
	agreed, oack := negotiate(t.request, -1, t.server.limits())
	l, done, err := t.open(ctx, agreed, agreed.blockSize+headerSize+1)
	if err != nil {
		sink.Abort(err)
		t.refuse(t, errorFor(err), fmt.Errorf("open a socket to answer from: %w", err))
		return
	}
	defer done()
	defer t.firstPacket.close()
	closed := false
	to, commit := decoder(sink, t.request.Mode, func() error {
		closed = true
		return sink.Close()
	})
	public := t.public(agreed, nil)
	r := newReceiver(t.exchange(l, agreed, public), to, commit)
	answer := []byte{0, opAck, 0, 0}
	if len(oack) > 0 {
		answer = appendOACK(nil, oack)
	}
	reason, err := Failed, r.begin(answer)
	if err == nil {
		reason, err = r.run()
	}
	if err != nil && !closed {
		sink.Abort(err)
	}
	t.end(ctx, public, r.result(began, r.window.got), l, reason, err)
	if err == nil {
		r.dally(max(dallyTime, 2*r.timer.first))
	}
}

// dallyTime is how long a client that misses our last ACK may stay silent
// between its retransmissions, which it will have slowed down by then.
const dallyTime = 4 * time.Second

func (t *transfer) timer(agreed terms) timer {
	return newTimer(t.server.Timeout, t.server.Retries, agreed.timeout)
}

// public makes what hooks are told, and tells the first.
func (t *transfer) public(agreed terms, f File) *Transfer {
	p := &Transfer{
		Request: t.request, File: f, Size: agreed.size,
		BlockSize: agreed.blockSize, WindowSize: agreed.windowSize, Timeout: t.timer(agreed).first,
	}
	if t.server.Hooks.Start != nil {
		t.server.Hooks.Start(p)
	}
	return p
}

func (t *transfer) exchange(l link, agreed terms, p *Transfer) exchange {
	x := newExchange(l, agreed, t.timer(agreed))
	x.silent, x.firstPacket = &t.silent, &t.firstPacket
	if malformed := t.server.Hooks.Malformed; malformed != nil {
		x.onBad = func(err error) { malformed(t.request.Remote, err) }
	}
	if report := t.server.Hooks.Progress; report != nil {
		x.progress = progress{report: func(bytes int64) { report(p, bytes) }}
	}
	return x
}

// end reports the end. A transfer that was stopped from outside says why, and
// tells its client, unless that has asked anew or doesn't seem to be there.
func (t *transfer) end(ctx context.Context, p *Transfer, s Stats, l link, reason Reason, err error) {
	if reason == Stopped {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, ErrReplaced):
			reason, err = Replaced, cause
		case errors.Is(cause, ErrGaveWay):
			err = cause
		default:
			err = tell(l, errorFor(ErrStopped), ErrStopped)
		}
	}
	if t.server.Hooks.End != nil {
		t.server.Hooks.End(p, s, reason, err)
	}
}
