package boottest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// costs are those of all tests with a lab.
var costs costTable

// cost is what one test has taken. A machine is idle while it neither runs nor could:
// it waits for a time-out, or, beside others, for a processor.
type cost struct {
	test           string
	began          time.Time
	wall           time.Duration
	machine, other time.Duration // of a processor
	idle           time.Duration // of machines

	mu sync.Mutex
}

// add adds a program that has ended.
func (c *cost) add(e lab.Ended) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !e.Machine() {
		c.other += e.CPU
		return
	}
	c.machine += e.CPU
	c.idle += max(0, e.Ran-e.CPU)
}

type costTable struct {
	mu   sync.Mutex
	rows []*cost
}

// add adds a test whose lab is closed, and returns it.
func (t *costTable) add(c *cost) *cost {
	c.wall = time.Since(c.began)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, c)
	return c
}

func (c *cost) String() string {
	return fmt.Sprintf("COST %8.1f %8.1f %8.1f %8.1f  %s", c.wall.Seconds(), c.machine.Seconds(), c.other.Seconds(), c.idle.Seconds(), c.test)
}

// print writes the table with -v, the dearest first.
func (t *costTable) print(w io.Writer) {
	if !testing.Verbose() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b *cost) int { return cmp.Compare(b.machine+b.other, a.machine+a.other) })
	sum := cost{test: "all"}
	_, _ = fmt.Fprintf(w, "COST %8s %8s %8s %8s  %s\n", "wall s", "QEMU s", "other s", "idle s", "test (QEMU, other: of a processor)")
	for _, c := range t.rows {
		_, _ = fmt.Fprintln(w, c)
		sum.wall, sum.machine, sum.other, sum.idle = sum.wall+c.wall, sum.machine+c.machine, sum.other+c.other, sum.idle+c.idle
	}
	_, _ = fmt.Fprintln(w, &sum)
}
