package capture

import "time"

// reached notes how far the server's bytes have come, captured or not: as far as the
// machine acknowledges, or to where the server ends the connection.
func (s *stream) reached(at time.Time, seq uint32) {
	if !s.synced {
		s.seq, s.shown, s.synced = seq, seq, true
	}
	if int32(seq-s.shown) > 0 {
		s.shown, s.moved = seq, at
	}
}

// catchUp counts what has come behind the last byte that was captured. A single one may be
// the end of the connection, which takes a number too.
func (s *stream) catchUp() {
	gap := int64(int32(s.shown - s.seq))
	t := s.current
	if gap <= 0 || t == nil || gap == 1 && t.Total == 0 {
		return
	}
	s.seq = s.shown
	if !t.Done && t.Err == "" {
		t.Answered, t.Last = true, s.moved
		t.Lacks += gap
		t.came(gap)
	}
}

// came counts bytes of the file.
func (t *Transfer) came(n int64) {
	t.Bytes += n
	if t.Total > 0 && t.Bytes >= t.Total {
		t.Lacks = max(t.Lacks-(t.Bytes-t.Total), 0)
		t.Bytes, t.Done = t.Total, true
	}
}
