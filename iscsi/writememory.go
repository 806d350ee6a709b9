package iscsi

// reserve gets memory for the data; for a large command that finds too little,
// just enough for what may come unasked. The reader doesn't wait for it: what
// comes next may be what others need to give back theirs.
func (t *task) reserve() {
	first := min(t.want, t.s.p.firstBurst)
	if t.want == 0 {
		return
	}
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	if t.want == first || !t.claim() {
		t.buf = t.s.try(first)
		t.short = t.buf == nil
	}
}

// claim takes write memory of the session for a command whose data must be
// asked for. The caller holds s.mu.
func (t *task) claim() bool {
	s := t.s
	if t.claimed > 0 {
		return true
	}
	if s.writeMemory > 0 && s.writeMemory+t.want > s.srv.bounds.WriteMemory {
		return false
	}
	whole := s.try(t.want)
	if whole == nil {
		return false
	}
	s.writeMemory += t.want
	t.claimed = t.want
	if t.buf != nil {
		copy(whole.b, t.buf.b)
		s.srv.pool.put(t.buf)
	}
	t.buf = whole
	return true
}

// needMore asks for the rest of the data, or waits for others of the session to
// give memory back. The caller holds s.mu.
func (t *task) needMore() {
	if t.unsolicited || t.received >= t.want {
		return
	}
	switch {
	case t.claim():
		t.solicit()
	case t.s.writeMemory > 0:
		t.s.starved = append(t.s.starved, t)
	default:
		t.short, t.complete = true, true
	}
}

// feedStarved gives write memory to those who wait for it.
func (s *session) feedStarved() {
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
