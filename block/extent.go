package block

import "context"

// begin is what every operation on a range asks first.
func begin(ctx context.Context, off, n, size int64) error {
	if err := CheckRange(off, n, size); err != nil {
		return err
	}
	return ctx.Err()
}

// joiner makes one extent of neighbours that are alike.
type joiner struct {
	at      int64 // where the next extent to yield begins
	length  int64
	hole    bool
	stopped bool
	yield   func(Extent) bool
}

// end is where the next add continues.
func (j *joiner) end() int64 { return j.at + j.length }

// add continues with n bytes that are a hole, and so zero, or data.
func (j *joiner) add(n int64, hole bool) {
	if n <= 0 {
		return
	}
	if hole != j.hole {
		j.flush()
	}
	j.hole = hole
	j.length += n
}

// flush yields what was joined.
func (j *joiner) flush() {
	if j.length > 0 && !j.stopped {
		j.stopped = !j.yield(Extent{Offset: j.at, Length: j.length, Hole: j.hole, Zero: j.hole})
	}
	j.at += j.length
	j.length = 0
}
