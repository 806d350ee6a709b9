package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Errors of a Coalescer that have nothing to do with the machine.
var (
	// ErrBusy says that too many questions are under way.
	ErrBusy = errors.New("too many machines are waiting to learn what to boot")
	// ErrClosed says that the resolver was closed.
	ErrClosed = errors.New("spur is stopping")
)

// CoalescerConfig bounds a Coalescer. A zero field means the default.
type CoalescerConfig struct {
	// Timeout is the longest that one question may take, by default 10 s. Give
	// it more than the next resolver's own, whose error says more.
	Timeout time.Duration
	// Keep is how long an answer or a refusal is given again, by default 2 s:
	// one boot asks at DISCOVER, at REQUEST, on port 4011 and for its script.
	Keep time.Duration
	// Calls is how many questions may be under way, by default 256.
	Calls int
	// Answers is how many answers are kept, by default 4096, and Bytes how many
	// bytes of them, by default 32 MiB: who names many machines to a boot API
	// that answers with long scripts doesn't fill the memory.
	Answers int
	Bytes   int
	// Panicked is told, if it isn't nil, that the next resolver panicked over
	// a client. That client is refused.
	Panicked func(c boot.Client, value any, stack []byte)
}

func (c CoalescerConfig) withDefaults() CoalescerConfig {
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Keep = cmp.Or(c.Keep, 2*time.Second)
	c.Calls = cmp.Or(c.Calls, 256)
	c.Answers = cmp.Or(c.Answers, 4096)
	c.Bytes = cmp.Or(c.Bytes, 32<<20)
	return c
}

// Coalescer asks the next resolver once where several callers ask the same at
// the same time or shortly after one another. Each question has a goroutine of
// its own: a slow answer for one machine delays no other, and a caller that
// leaves does not take the question with it.
//
// The next resolver's answer may depend on a client's MAC, UUID, firmware,
// architecture, protocol and loader, and on nothing else of it.
type Coalescer struct {
	next   boot.Resolver
	config CoalescerConfig

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running int
	calls   map[questionKey]*call
	// kept has the calls that were answered, oldest first.
	kept  []*call
	bytes int // of the answers in kept
}

// questionKey is what an answer depends on.
type questionKey struct {
	mac      boot.MAC
	uuid     boot.UUID
	firmware boot.Firmware
	arch     boot.Arch
	proto    boot.Proto
	loader   boot.Loader
}

func keyOf(c boot.Client) questionKey {
	return questionKey{c.MAC, c.UUID, c.Firmware, c.Arch, c.Proto, c.Loader}
}

// call is one question. payload and err are set before done is closed, and
// done is closed before ctx is ended.
type call struct {
	key     questionKey
	ctx     context.Context
	done    chan struct{}
	payload boot.Payload
	err     error
	until   time.Time
}

// NewCoalescer returns a resolver that shares the answers of next. Close it.
func NewCoalescer(next boot.Resolver, config CoalescerConfig) *Coalescer {
	ctx, cancel := context.WithCancel(context.Background())
	return &Coalescer{
		next: next, config: config.withDefaults(),
		ctx: ctx, cancel: cancel,
		calls: make(map[questionKey]*call),
	}
}

// Resolve returns the answer to the question of this client, new or shared.
// It returns ErrBusy at once where no further question may be asked, and the
// context's error when ctx ends first.
func (s *Coalescer) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if err := ctx.Err(); err != nil {
		return boot.Payload{}, gone(c, err)
	}
	q, err := s.question(c)
	if err != nil {
		return boot.Payload{}, err
	}
	select {
	case <-q.done:
	case <-ctx.Done():
		return boot.Payload{}, gone(c, ctx.Err())
	case <-q.ctx.Done():
	}
	select {
	case <-q.done:
		return q.payload, q.err
	default:
		return boot.Payload{}, s.late(q.ctx, c)
	}
}

func gone(c boot.Client, err error) error {
	return fmt.Errorf("nobody waits for what %s boots any more: %w", c.MAC, err)
}

// late is the error of a question whose time is up, or that Close ended.
func (s *Coalescer) late(ctx context.Context, c boot.Client) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("what %s boots was not decided within %s", c.MAC, s.config.Timeout)
	}
	return ErrClosed
}

// question finds the question that c asks, or asks it.
func (s *Coalescer) question(c boot.Client) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.forget(time.Now())
	if q := s.calls[keyOf(c)]; q != nil {
		return q, nil
	}
	if s.running >= s.config.Calls {
		return nil, fmt.Errorf("%w: %d questions are under way, %s has to try again", ErrBusy, s.running, c.MAC)
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.config.Timeout)
	q := &call{key: keyOf(c), ctx: ctx, done: make(chan struct{})}
	s.calls[q.key] = q
	s.running++
	s.work.Go(func() {
		defer cancel()
		payload, err := s.ask(ctx, c)
		if err != nil && ctx.Err() != nil {
			err = s.late(ctx, c)
		}
		s.answer(q, payload, err)
	})
	return q, nil
}

// ask asks the next resolver, whose panic is the failure of this one question.
func (s *Coalescer) ask(ctx context.Context, c boot.Client) (p boot.Payload, err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		p, err = boot.Payload{}, fmt.Errorf("deciding what %s boots failed by a fault of Spur: %v", c.MAC, value)
		if s.config.Panicked != nil {
			s.config.Panicked(c, value, debug.Stack())
		}
	}()
	return s.next.Resolve(ctx, c)
}

// answer ends a question and keeps its answer for a while.
func (s *Coalescer) answer(q *call, payload boot.Payload, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	q.payload, q.err, q.until = payload, err, now.Add(s.config.Keep)
	s.running--
	s.kept = append(s.kept, q)
	s.bytes += payload.Size()
	s.forget(now)
	close(q.done)
}

// forget drops the answers whose time is up, and the oldest of too many.
// Answers are kept equally long, so the oldest is always the first to go.
func (s *Coalescer) forget(now time.Time) {
	for len(s.kept) > 0 && (len(s.kept) > s.config.Answers || s.bytes > s.config.Bytes || !now.Before(s.kept[0].until)) {
		delete(s.calls, s.kept[0].key)
		s.bytes -= s.kept[0].payload.Size()
		s.kept[0] = nil
		s.kept = s.kept[1:]
	}
}

// Close ends every question that is under way and waits until the next
// resolver has given them up. Their callers get ErrClosed.
func (s *Coalescer) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	return nil
}
