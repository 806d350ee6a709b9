package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// counting is a resolver that takes a while and numbers its answers.
func counting(calls *atomic.Int64, takes time.Duration) answers {
	return func(ctx context.Context, c boot.Client) (boot.Payload, error) {
		n := calls.Add(1)
		select {
		case <-time.After(takes):
			return linux(fmt.Sprint("/", n)), nil
		case <-ctx.Done():
			return boot.Payload{}, ctx.Err()
		}
	}
}

// bubble runs a test by a clock of its own, with a Coalescer that is closed at
// its end.
func bubble(t *testing.T, next boot.Resolver, with CoalescerConfig, test func(t *testing.T, s *Coalescer)) {
	synctest.Test(t, func(t *testing.T) {
		s := NewCoalescer(next, with)
		defer s.Close()
		test(t, s)
	})
}

func TestCoalescerAsksOnce(t *testing.T) {
	var calls atomic.Int64
	bubble(t, counting(&calls, time.Second), CoalescerConfig{}, func(t *testing.T, s *Coalescer) {
		ask := func(want string) {
			t.Helper()
			p, err := s.Resolve(t.Context(), machine(1))
			if err != nil || kernelOf(p) != want {
				t.Errorf("%v, %v; want %s", kernelOf(p), err, want)
			}
		}
		var work sync.WaitGroup
		for range 10 {
			work.Go(func() { ask("/1") })
		}
		work.Wait()
		time.Sleep(2*time.Second - 1)
		ask("/1")
		time.Sleep(time.Nanosecond)
		ask("/2")
		time.Sleep(time.Hour)
		ask("/3")
	})
}

// What the answer may depend on is asked for apart; what it may not, together.
func TestCoalescerKinds(t *testing.T) {
	var calls atomic.Int64
	bubble(t, counting(&calls, 0), CoalescerConfig{}, func(t *testing.T, s *Coalescer) {
		clients := []boot.Client{machine(1), machine(2), machine(1), machine(1), machine(1), machine(1), machine(1)}
		clients[2].UUID[0] = 1
		clients[3].Arch = boot.ARM64
		clients[4].Loader = boot.IPXE
		clients[5].Proto = boot.HTTP
		clients[6].Firmware = boot.BIOS
		for _, c := range clients {
			for _, features := range []boot.Features{0, boot.CanHTTP} {
				c.Features = features
				if _, err := s.Resolve(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		}
		if got := calls.Load(); got != int64(len(clients)) {
			t.Errorf("%d calls for %d kinds", got, len(clients))
		}
	})
}

func TestCoalescerKeepsRefusals(t *testing.T) {
	var calls atomic.Int64
	no := answers(func(context.Context, boot.Client) (boot.Payload, error) {
		return boot.Payload{}, ignore("no %d", calls.Add(1))
	})
	bubble(t, no, CoalescerConfig{}, func(t *testing.T, s *Coalescer) {
		for range 3 {
			if _, err := s.Resolve(t.Context(), machine(1)); !errors.Is(err, boot.ErrIgnore) || err.Error() != "not for us: no 1" {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestCallerLeavesCoalescer(t *testing.T) {
	var calls atomic.Int64
	bubble(t, counting(&calls, time.Second), CoalescerConfig{}, func(t *testing.T, s *Coalescer) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := s.Resolve(ctx, machine(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if _, err := s.Resolve(ctx, machine(2)); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		p, err := s.Resolve(t.Context(), machine(1))
		if err != nil || kernelOf(p) != "/1" || calls.Load() != 1 {
			t.Errorf("%v, %v after %d calls", kernelOf(p), err, calls.Load())
		}
	})
}

func TestCoalescerBusy(t *testing.T) {
	var calls atomic.Int64
	bubble(t, counting(&calls, time.Second), CoalescerConfig{Calls: 2}, func(t *testing.T, s *Coalescer) {
		var work sync.WaitGroup
		for n := range byte(2) {
			work.Go(func() {
				if _, err := s.Resolve(t.Context(), machine(n)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		if _, err := s.Resolve(t.Context(), machine(9)); !errors.Is(err, ErrBusy) || time.Since(start) != 0 {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		work.Go(func() {
			if _, err := s.Resolve(t.Context(), machine(0)); err != nil {
				t.Errorf("a question that is under way: %v", err)
			}
		})
		work.Wait()
		if _, err := s.Resolve(t.Context(), machine(9)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A resolver that never returns holds its place, but not its callers.
func TestCoalescerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		next := answers(func(context.Context, boot.Client) (boot.Payload, error) {
			<-stuck
			return linux("/late"), nil
		})
		s := NewCoalescer(next, CoalescerConfig{Timeout: 3 * time.Second, Calls: 1})
		start := time.Now()
		_, err := s.Resolve(context.Background(), machine(1))
		want := "what 52:54:00:12:34:01 boots was not decided within 3s"
		if errors.Is(err, boot.ErrIgnore) || err.Error() != want || time.Since(start) != 3*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		if _, err := s.Resolve(context.Background(), machine(1)); err == nil || err.Error() != want {
			t.Errorf("again: %v", err)
		}
		if _, err := s.Resolve(context.Background(), machine(2)); !errors.Is(err, ErrBusy) {
			t.Errorf("another: %v", err)
		}
		close(stuck)
		synctest.Wait()
		if p, err := s.Resolve(context.Background(), machine(1)); err != nil || kernelOf(p) != "/late" {
			t.Errorf("%v, %v", kernelOf(p), err)
		}
		s.Close()
	})
}

func TestCoalescerClose(t *testing.T) {
	var calls atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		s := NewCoalescer(counting(&calls, time.Hour), CoalescerConfig{Timeout: 2 * time.Hour})
		asked := make(chan error)
		go func() {
			_, err := s.Resolve(context.Background(), machine(1))
			asked <- err
		}()
		synctest.Wait()
		s.Close()
		if err := <-asked; !errors.Is(err, ErrClosed) {
			t.Errorf("under way: %v", err)
		}
		if _, err := s.Resolve(context.Background(), machine(1)); !errors.Is(err, ErrClosed) {
			t.Errorf("afterwards: %v", err)
		}
		s.Close()
	})
}

func TestCoalescerAnswersAreBounded(t *testing.T) {
	var calls atomic.Int64
	bubble(t, counting(&calls, 0), CoalescerConfig{Answers: 3}, func(t *testing.T, s *Coalescer) {
		for n := range byte(10) {
			if _, err := s.Resolve(t.Context(), machine(n)); err != nil {
				t.Error(err)
			}
		}
		if len(s.calls) != 3 || len(s.kept) != 3 {
			t.Errorf("%d calls and %d answers are kept", len(s.calls), len(s.kept))
		}
		// The youngest are there, the oldest are not.
		for _, n := range []byte{9, 8, 7, 0} {
			s.Resolve(t.Context(), machine(n))
		}
		if calls.Load() != 11 {
			t.Errorf("%d calls", calls.Load())
		}
	})
}

// long answers each question with as many bytes.
type long int

func (l long) Resolve(context.Context, boot.Client) (boot.Payload, error) {
	var script boot.Script
	script.Text.Text(strings.Repeat("x", int(l)))
	return boot.Payload{Content: script}, nil
}

func TestCoalescerBytesAreBounded(t *testing.T) {
	bubble(t, long(1000), CoalescerConfig{Bytes: 3500}, func(t *testing.T, s *Coalescer) {
		for n := range byte(10) {
			if p, err := s.Resolve(t.Context(), machine(n)); err != nil || p.Size() != 1000 {
				t.Errorf("%d bytes, %v", p.Size(), err)
			}
		}
		if len(s.calls) != 3 || len(s.kept) != 3 || s.bytes != 3000 {
			t.Errorf("%d calls, %d answers and %d bytes are kept", len(s.calls), len(s.kept), s.bytes)
		}
		time.Sleep(time.Minute)
		s.Resolve(t.Context(), machine(1))
		if len(s.kept) != 1 || s.bytes != 1000 {
			t.Errorf("%d answers and %d bytes are kept after a minute", len(s.kept), s.bytes)
		}
	})
}

type panics struct{}

func (panics) Resolve(_ context.Context, c boot.Client) (boot.Payload, error) {
	if c.MAC[5] == 13 {
		panic("thirteen")
	}
	return boot.Payload{Content: boot.Linux{}}, nil
}

// A question that panics is answered with an error, and others are asked.
func TestCoalescerSurvivesAPanic(t *testing.T) {
	var stack string
	s := NewCoalescer(panics{}, CoalescerConfig{Panicked: func(_ boot.Client, _ any, b []byte) { stack = string(b) }})
	defer s.Close()
	if _, err := s.Resolve(t.Context(), machine(13)); err == nil || !strings.Contains(err.Error(), "fault of Spur: thirteen") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(stack, "panics.Resolve") {
		t.Errorf("the stack is %q", stack)
	}
	if _, err := s.Resolve(t.Context(), machine(14)); err != nil {
		t.Error(err)
	}
}
