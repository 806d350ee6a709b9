package answer

import (
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

const (
	// maxAnswers bounds the requests that are being answered at one time: a boot
	// API may take its time for each.
	maxAnswers = 1024
	// maxWaiting bounds those that wait for what other servers answer, one of each
	// machine; senderWaiting bounds those that one sender has brought.
	maxWaiting    = 256
	senderWaiting = maxWaiting / 4
)

// slot is the place that a request has among those that are being answered. nil is that
// of one which nobody counts.
type slot struct {
	all     chan struct{}
	waiting *waiting
	client  boot.Client
	held    bool
}

// wait has a request wait in f without its slot, so that who only waits keeps nobody
// from being answered. It is false where there is no place to wait, and f isn't run.
func (s *slot) wait(f func()) bool {
	if s == nil {
		f()
		return true
	}
	if !s.waiting.enter(s.client) {
		return false
	}
	defer s.waiting.leave(s.client)
	s.leave()
	f()
	s.all <- struct{}{}
	s.held = true
	return true
}

func (s *slot) enter() bool {
	select {
	case s.all <- struct{}{}:
		s.held = true
	default:
	}
	return s.held
}

func (s *slot) leave() {
	if s.held {
		s.held = false
		<-s.all
	}
}

// waiting are the requests that wait. The zero value is ready for use.
type waiting struct {
	mu       sync.Mutex
	machines map[boot.MAC]bool
	senders  map[boot.MAC]int
}

func (w *waiting) enter(c boot.Client) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.machines == nil {
		w.machines, w.senders = map[boot.MAC]bool{}, map[boot.MAC]int{}
	}
	if w.machines[c.MAC] || len(w.machines) == maxWaiting || w.senders[c.Sender] == senderWaiting && c.Sender != (boot.MAC{}) {
		return false
	}
	w.machines[c.MAC] = true
	w.senders[c.Sender]++
	return true
}

func (w *waiting) leave(c boot.Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.machines, c.MAC)
	if w.senders[c.Sender]--; w.senders[c.Sender] == 0 {
		delete(w.senders, c.Sender)
	}
}
