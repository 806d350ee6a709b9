package vigil

import (
	"testing"
	"time"
)

// clock is a Vigil's, in µs.
type clock struct {
	Vigil
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1e9, 0)} }

func (c *clock) after(us int) time.Time {
	c.now = c.now.Add(time.Duration(us) * time.Microsecond)
	return c.now
}

// wait waits for what comes after so long; each time that it looks others run
// for a while. It says how often it looked.
func (c *clock) wait(us, others int) (looks int) {
	c.Begin(c.now)
	for left := us; c.Look(c.now) && left > 0; left -= others {
		looks++
		c.after(others)
		us -= others
	}
	c.End(c.after(max(us, 0)))
	return looks
}

// TestVigil: what came soon is looked for, for a moment; what didn't isn't.
func TestVigil(t *testing.T) {
	c := newClock()
	for _, step := range []struct {
		us    int
		looks int
	}{
		{us: 10, looks: 0}, // nothing is known yet
		{us: 10, looks: 10},
		{us: 1, looks: 1},
		{us: 80, looks: 50}, // it sleeps after that
		{us: 3, looks: 3},   // it was woken soon
		{us: 5000, looks: 50},
		{us: 10, looks: 0},
		{us: 10, looks: 10},
	} {
		if got := c.wait(step.us, 1); got != step.looks {
			t.Errorf("looked %d times in %d µs, want %d", got, step.us, step.looks)
		}
	}
}

// TestVigilRests: who lost the processor once by looking sleeps, for a hundred
// times as long, and then tries again.
func TestVigilRests(t *testing.T) {
	for _, lost := range []int{600, 3000} {
		for _, us := range []int{10, 1, lost + 1} { // also where it had come meanwhile
			c := newClock()
			c.wait(10, 1)
			if got := c.wait(us, lost); got != 1 {
				t.Fatalf("looked %d times while others took %d µs each", got, lost)
			}
			c.wait(10, 1)
			for rest := 100*lost - 20; rest > 0; rest -= 10 {
				if got := c.wait(10, 1); got != 0 {
					t.Fatalf("looked %d times, %d µs too early", got, rest)
				}
			}
			c.wait(20, 1)
			if got := c.wait(10, 1); got != 10 {
				t.Errorf("looked %d times after the rest", got)
			}
		}
	}
}

// TestVigilRestEnds: also after the machine has stood still for an hour.
func TestVigilRestEnds(t *testing.T) {
	c := newClock()
	c.wait(10, 1)
	c.wait(10, int(time.Hour/time.Microsecond))
	if got := c.wait(10, 1); got != 0 {
		t.Errorf("looked %d times", got)
	}
	c.after(int(longestRest / time.Microsecond))
	c.wait(10, 1)
	if got := c.wait(10, 1); got != 10 {
		t.Errorf("looked %d times after the longest rest", got)
	}
}
