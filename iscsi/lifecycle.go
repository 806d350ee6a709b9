package iscsi

import (
	"fmt"
	"slices"
)

// taskState is how far a task is. Every task goes through the states in this
// order; one that is discarded ends early, without an answer.
type taskState byte

const (
	// arriving: it is registered under its tag. Its PDU is being read, or waits
	// for those before it in the order of CmdSN.
	arriving taskState = iota
	// admitted: it is counted in the window, and waits for its turn and its data.
	admitted
	// running: a worker carries it out.
	running
	// answering: its tag, its place in the window and its memory for data to come
	// are free; its answer is being queued.
	answering
)

// register enters a task under its initiator task tag.
func (s *session) register(t *task) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.itt == noTag || s.tasks[t.itt] != nil {
		return fmt.Errorf("initiator task tag %#x is in use or reserved", t.itt)
	}
	if len(s.tasks) > 2*s.srv.bounds.QueueDepth+immediateTasks {
		return fmt.Errorf("more than %d tasks", len(s.tasks))
	}
	s.tasks[t.itt] = t
	return nil
}

// admit hands a task that was counted to its logical unit, or lets it run at once
// where it has none. It returns the task when it can run. The caller holds s.mu.
func (s *session) admit(t *task) *task {
	t.state = admitted
	switch {
	case t.aborted:
		s.discard(t)
		return nil
	case t.op == opSCSICommand:
		t.nexus.enter(t)
	default:
		t.enabled, t.complete = true, true
	}
	if !t.complete {
		t.needMore()
	}
	return t.ifReady()
}

// ifReady returns the task if it can run now, and marks it as running. The
// caller holds s.mu.
func (t *task) ifReady() *task {
	if t.state != admitted || !t.enabled || !t.complete || t.receiving || t.aborted {
		return nil
	}
	t.state = running
	return t
}

// finish answers a task that was carried out, unless it was aborted meanwhile. It
// is released before, so that the answer opens the window and its tag can be used
// again.
func (t *task) finish(answer func()) {
	s := t.s
	s.mu.Lock()
	s.release(t)
	t.state = answering
	s.answers++
	t.answerNo = s.answers
	s.answering = append(s.answering, t)
	s.mu.Unlock()
	if !t.aborted {
		answer()
	}
	s.flushOthers(t.c)
	s.mu.Lock()
	s.answering = slices.DeleteFunc(s.answering, func(other *task) bool { return other == t })
	s.changed.Broadcast()
	s.retire(t) // those that waited are answered after it
	s.mu.Unlock()
}

// discard drops a task that isn't answered. The caller holds s.mu.
func (s *session) discard(t *task) {
	s.release(t)
	s.retire(t)
}

// release gives back what a task took of the session: its tag, its place in the
// window, and its memory for data to come. The caller holds s.mu.
func (s *session) release(t *task) {
	if s.tasks[t.itt] == t {
		delete(s.tasks, t.itt)
	}
	switch {
	case t.state == arriving:
	case t.immediate:
		s.immediates--
	default:
		s.outstanding--
		s.openWindow()
	}
	if len(s.starved) > 0 {
		s.starved = slices.DeleteFunc(s.starved, func(other *task) bool { return other == t })
	}
	if t.claimed > 0 {
		s.writeMemory -= t.claimed
		t.claimed = 0
		s.feedStarved()
	}
	if t.aborted {
		s.changed.Broadcast()
	}
}

// retire starts what waited for a task, which nobody uses any more. The caller
// holds s.mu.
func (s *session) retire(t *task) {
	if t.state != arriving && t.nexus != nil {
		t.nexus.leave(t)
	}
	t.freeBuffers()
	s.srv.tasks.Put(t)
}

// abort marks the tasks that match; those that don't run are discarded at once.
// The caller holds s.mu.
func (s *session) abort(match func(*task) bool) int {
	var found []*task
	for _, t := range s.tasks {
		if t.op == opSCSICommand && !t.aborted && match(t) {
			t.aborted = true
			found = append(found, t)
		}
	}
	for _, t := range found {
		if t.state == admitted && !t.receiving {
			s.discard(t)
		}
	}
	return len(found)
}

// abortAndAwait aborts the tasks that match and waits for those that run. It returns
// how many there were.
func (s *session) abortAndAwait(match func(*task) bool) int {
	s.mu.Lock()
	found := s.abort(match)
	s.mu.Unlock()
	s.awaitAborted(match)
	return found
}

// awaitAborted waits until no aborted task runs any more, and those that match
// and were done before are answered: what is said of tasks comes before what is
// said of their abortion.
func (s *session) awaitAborted(match func(*task) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.answers
	for !s.closing && (s.abortedRunning() || slices.ContainsFunc(s.answering, func(t *task) bool {
		return t.answerNo <= last && match(t)
	})) {
		s.changed.Wait()
	}
}

func (s *session) abortedRunning() bool {
	for _, t := range s.tasks {
		if t.aborted && t.state == running {
			return true
		}
	}
	return false
}
