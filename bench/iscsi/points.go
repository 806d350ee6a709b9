package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/spurboot/spur/bench/testbed"
)

// point is what the client asks.
type point struct {
	what       string
	write      bool
	size       int // of a command, in bytes
	sequential bool
	depth      int
	count      int // commands, which take some tenths of a second
}

func (p point) name() string { return fmt.Sprintf("%s, QD %d", p.what, p.depth) }

func points() []point {
	var all []point
	for _, p := range []point{
		{what: "4k scattered read", size: 4 << 10},
		{what: "4k scattered write", size: 4 << 10, write: true},
		{what: "128k sequential read", size: 128 << 10, sequential: true},
		{what: "128k sequential write", size: 128 << 10, sequential: true, write: true},
	} {
		for _, p.depth = range []int{1, 32} {
			p.count = 4000
			if p.depth > 1 && !p.sequential {
				p.count = 20000
			}
			all = append(all, p)
		}
	}
	return all
}

// step is how far apart scattered commands are, in bytes: so that each 4 KiB of the
// disk has its turn, and none is near the one before.
const step = 1<<20 + 76<<10

// took is in what qemu-img bench says at its end.
var took = regexp.MustCompile(`Run completed in ([0-9.]+) seconds`)

// run asks the disk at an address.
func (p point) run(ctx context.Context, addr string) (testbed.Figure, error) {
	args := []string{"bench", "-f", "raw", "-t", "none", "-s", strconv.Itoa(p.size), "-d", strconv.Itoa(p.depth), "-c", strconv.Itoa(p.count)}
	if p.write {
		args = append(args, "-w")
	}
	if !p.sequential {
		args = append(args, "-S", strconv.Itoa(step))
	}
	c := exec.CommandContext(ctx, "qemu-img", append(args, "iscsi://"+addr+"/"+targetName+"/1")...)
	out, err := c.CombinedOutput()
	said := took.FindSubmatch(out)
	if err != nil || said == nil {
		return testbed.Figure{}, fmt.Errorf("qemu-img: %w: %s", err, bytes.TrimSpace(out))
	}
	seconds, err := strconv.ParseFloat(string(said[1]), 64)
	used := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	return testbed.Figure{Rate: float64(p.count) / seconds, Client: used.Seconds() / seconds}, err
}
