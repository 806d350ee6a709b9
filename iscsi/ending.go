package iscsi

import "slices"

// A task ends in two steps: it is over, and what it took is free again; and it is
// answered, or forgotten, and nobody uses it any more.

// over takes a task that is done out of the session, so that its tag and its
// place in the window are free, and its memory. The caller holds s.mu.
func (s *session) over(t *task) {
	if s.tasks[t.itt] == t {
		delete(s.tasks, t.itt)
	}
	if t.admitted && t.immediate {
		s.immediates--
	}
	if t.admitted && !t.immediate {
		s.outstanding--
		s.openWindow()
	}
	if len(s.starved) > 0 {
		s.starved = slices.DeleteFunc(s.starved, func(other *task) bool { return other == t })
	}
	if t.claimed > 0 {
		s.writeMemory -= t.claimed
		t.claimed = 0
		s.feed()
	}
	if t.aborted {
		s.changed.Broadcast()
	}
}

// feed gives write memory to those who wait for it.
func (s *session) feed() {
	for len(s.starved) > 0 {
		t := s.starved[0]
		switch {
		case t.claim():
			t.solicit()
		case s.writeMemory > 0:
			return
		default: // others have the memory
			t.short, t.complete = true, true
			t.ifReady().start()
		}
		s.starved = s.starved[1:]
	}
}

// forget drops a task that isn't answered. The caller holds s.mu.
func (s *session) forget(t *task) {
	s.over(t)
	s.leave(t)
}

// leave starts what waited for a task to be over and answered, which nobody
// uses any more. The caller holds s.mu.
func (s *session) leave(t *task) {
	if t.admitted && t.nexus != nil {
		t.nexus.leave(t)
	}
	if i := slices.Index(s.answering, t); i >= 0 {
		s.answering = slices.Delete(s.answering, i, i+1)
		s.changed.Broadcast()
	}
	s.recycle(t)
}

// answer says that a task is over and will be answered. The caller holds s.mu.
func (s *session) answer(t *task) {
	s.over(t)
	s.endings++
	t.ending = s.endings
	s.answering = append(s.answering, t)
}

// abort marks the tasks that match; those that don't run are over at once.
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
		if !t.running && !t.receiving && t.admitted {
			s.forget(t)
		}
	}
	return len(found)
}

// awaitAborted waits until no aborted task runs any more, and those that match
// and were over before are answered: what is said of tasks comes before what is
// said of their abortion.
func (s *session) awaitAborted(match func(*task) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.endings
	for !s.closing && (s.abortedRunning() || slices.ContainsFunc(s.answering, func(t *task) bool {
		return t.ending <= last && match(t)
	})) {
		s.changed.Wait()
	}
}

func (s *session) abortedRunning() bool {
	for _, t := range s.tasks {
		if t.aborted && t.running {
			return true
		}
	}
	return false
}

// abandon aborts the tasks of a connection that is being logged out: with the
// answer their tags are the initiator's again (RFC 7143 section 11.15).
func (s *session) abandon(cid uint16) {
	s.mu.Lock()
	c := s.conns[cid]
	its := func(t *task) bool { return t.c == c }
	if c != nil {
		s.abort(its)
	}
	s.mu.Unlock()
	if c != nil {
		s.awaitAborted(its)
	}
}
