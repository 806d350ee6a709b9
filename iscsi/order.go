package iscsi

// openWindow publishes the window: as many commands may come as are not under
// way (RFC 7143 section 4.2.2.1). The caller holds s.mu.
func (s *session) openWindow() {
	room := max(s.srv.bounds.QueueDepth-s.outstanding, 0)
	last := s.expCmdSN + uint32(room) - 1
	s.window.Store(uint64(s.expCmdSN)<<32 | uint64(last))
}

// order puts a task whose PDU is here into the order of CmdSN. What can run
// because of it is returned; further ones are started.
func (s *session) order(t *task) (run *task, reject byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		s.discard(t)
		return nil, 0
	}
	if t.immediate {
		if s.immediates >= immediateTasks {
			s.discard(t)
			return nil, rejectTooManyImm
		}
		s.immediates++
		return s.admit(t), 0
	}
	window := s.window.Load()
	ahead, room := int32(t.cmdSN-s.expCmdSN), int32(uint32(window)-s.expCmdSN)
	switch {
	case ahead < 0, ahead > room, s.early[t.cmdSN] != nil:
		s.discard(t) // RFC 7143 section 4.2.2.1: ignored in silence
		return nil, 0
	case ahead > 0:
		s.early[t.cmdSN] = t
		return nil, 0
	}
	run = s.advance(t)
	for next := s.early[s.expCmdSN]; next != nil; next = s.early[s.expCmdSN] {
		delete(s.early, s.expCmdSN)
		s.advance(next).start()
	}
	return run, 0
}

func (s *session) advance(t *task) *task {
	s.expCmdSN++
	s.outstanding++
	s.openWindow()
	return s.admit(t)
}
