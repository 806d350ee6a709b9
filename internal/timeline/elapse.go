package timeline

import "time"

// SilenceMost is longer than every patience of a verdict.
const SilenceMost = 240 * time.Second

// Elapse has a timeline's clock, which is read from clock, go on to a time, second by
// second as far as that may lead to a verdict. Time that has gone by already stands
// still.
func (tl *Timeline) Elapse(to time.Time, clock *time.Time) {
	from := *clock
	for at := from.Add(time.Second); at.Before(to) && at.Sub(from) < SilenceMost; at = at.Add(time.Second) {
		*clock = at
		tl.JudgeAll()
	}
	if to.Before(from) {
		to = from
	}
	*clock = to
	tl.JudgeAll()
}
